"""`terms`: the terms of molecules, their transforms drawn, scorers tried, scoring imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import nearest, of_kind
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import SettingsError, UserError, settings_of
from sequence_tutor.reward.user_terms import load_user_terms, rules_file
from sequence_tutor.storage.files import PathLike, named_path, optional_path
from sequence_tutor.storage.named_files import write_named_text
from sequence_tutor.tuner.settings_tables import read_reward

if TYPE_CHECKING:
    from sequence_tutor.molecule.scoring.check import CheckedScorer
    from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings


@dataclass(frozen=True)
class TermHelp:
    """One kind of term.

    Attributes:
        meaning: a sentence.
        unit: of its raw number, or its range.
        constants: names in its table beside weight and transform.
        source: where its definition is from; empty: it is the user's own.
    """

    name: str
    meaning: str
    unit: str
    constants: tuple[str, ...]
    source: str = ""


def list_terms(domain: str = "molecule") -> list[TermHelp]:
    """Every kind of term.

    Raises:
        UserError: the domain has none.
    """
    _refuse_others(domain)
    from sequence_tutor.molecule.scoring.named_terms import KINDS
    from sequence_tutor.molecule.terms import Term

    common = {"kind", *Term.model_fields}
    return [
        TermHelp(
            name,
            (kind.__doc__ or "").partition("\n")[0],
            kind.unit,
            tuple(field for field in kind.model_fields if field not in common),
            kind.source,
        )
        for name, kind in KINDS.items()
    ]


def plot_terms(
    names: Sequence[str],
    out: PathLike,
    *,
    domain: str = "molecule",
    preset: str = "default",
    config: PathLike | None = None,
) -> list[Path]:
    """Draw the transforms of terms.

    Args:
        names: which terms; empty: all that have a table.
        out: folder for one PNG a term.
        preset: of tuning, whose reward is used.
        config: a settings file that wins over the preset.

    Returns:
        The paths of the pictures.

    Raises:
        UserError: no such term, or none with a table.
    """
    settings = _reward_settings(domain, preset, optional_path(config))
    from sequence_tutor.molecule.writing.transform_pictures import draw_transform

    for name in names:
        if name not in settings.terms:
            raise UserError(f"no table [reward.terms.{name}]: {nearest(name, settings.terms)}")
    paths = []
    for name in names or settings.terms:
        paths.append(named_path(out) / f"{name}.png")
        draw_transform(name, settings.terms[name], paths[-1])
    if not paths:
        raise UserError("no term has a table [reward.terms.NAME], expected one to draw")
    return paths


def check_terms(
    *,
    domain: str = "molecule",
    preset: str = "default",
    config: PathLike | None = None,
    rules: PathLike | None = None,
) -> dict[str, CheckedScorer]:
    """Run a user's functions, programs and models on ten molecules.

    Args:
        preset: of tuning, whose reward is used.
        config: a settings file that wins over the preset, with the programs and models.
        rules: Python file with the functions.

    Returns:
        The measurements by the term's name.

    Raises:
        UserError: the first mistake, or nothing to check.
    """
    settings, rules = _reward_settings(domain, preset, optional_path(config)), rules_file(rules)
    from sequence_tutor.molecule.predicting.asked import AskedModel
    from sequence_tutor.molecule.scoring.check import check_scorer
    from sequence_tutor.molecule.terms import ModelTerm, Program, UserFunction

    own = load_user_terms(rules) if rules else ()
    found = {term.name: check_scorer(term.name, UserFunction(term)) for term in own}
    for name, term in settings.terms.items():
        if isinstance(term, Program):
            with term.prepare() as program:
                found[name] = check_scorer(name, program)
        elif isinstance(term, ModelTerm):
            found[name] = check_scorer(name, AskedModel(name, term))
    if not found:
        raise UserError(
            "there is nothing to check, expected --rules FILE.py or a program or model as a "
            "term in --config FILE.toml"
        )
    return found


def import_terms(
    source: PathLike, out: PathLike, *, domain: str = "molecule", stage: int = 1
) -> list[str]:
    """Translate the scoring of a REINVENT 4 configuration into a settings file.

    Args:
        source: the configuration, TOML.
        out: the settings file, with the table ``[reward]``.
        stage: of staged learning, from 1.

    Returns:
        A sentence for each component that could not be translated.

    Raises:
        UserError: it is no such configuration, or a component has values that cannot be used.
    """
    _refuse_others(domain)
    import tomli_w

    from sequence_tutor.molecule.reading.reinvent import translate
    from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings

    path = named_path(source)
    tables = read_toml(path)
    with settings_of(str(path)):
        try:
            found = translate(tables, stage)
        except UserError as error:
            raise SettingsError(str(error)) from error
        build(MoleculeRewardSettings, found.reward, f"{path}: translated")
    write_named_text(out, tomli_w.dumps({"reward": found.reward}))
    return found.left_out


def _reward_settings(domain: str, preset: str, config: Path | None) -> MoleculeRewardSettings:
    """The reward of a preset and a file."""
    _refuse_others(domain)
    from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings

    return of_kind(MoleculeRewardSettings, read_reward(find_domain(domain), preset, config))


def _refuse_others(domain: str) -> None:
    if find_domain(domain).name != "molecule":
        raise UserError(f"{domain} has no terms with transforms, expected molecule")
