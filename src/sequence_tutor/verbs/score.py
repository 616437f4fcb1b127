"""`score`: what the reward's terms say of given sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.config.presets import DEFAULT
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.evaluation.model import load_model
from sequence_tutor.files import PathLike, listed_paths, optional_path
from sequence_tutor.progress import heading, progress
from sequence_tutor.reward.description import effective_weights
from sequence_tutor.step_scores import Scored
from sequence_tutor.verbs.score_writing import write_scores
from sequence_tutor.verbs.settings_tables import read_reward


@dataclass(frozen=True)
class Scores:
    """The scores of files.

    Attributes:
        domain: what the sequences are.
        first: of the first sequences, as many as were to be kept.
        count: sequences in all.
        valid: of these, those that are valid; None where the domain does not say it of each.
        weights: the effective weights of the reward, in one line.
        damaged: a sentence for each file that could be read only in part.
        remarks: what a user should know of the reading, in sentences.
    """

    domain: Domain
    first: Sequence[Scored]
    count: int
    valid: int | None
    weights: str
    damaged: Sequence[str]
    remarks: Sequence[str]


def score(
    domain: str,
    files: PathLike | Sequence[PathLike],
    out: PathLike | None = None,
    *,
    rules: PathLike | None = None,
    config: PathLike | None = None,
    preset: str | None = None,
    run: PathLike | None = None,
    prior: PathLike | None = None,
    trust: bool = False,
    table: PathLike | None = None,
    column: str | None = None,
    standardise: str | None = None,
    quiet: bool = False,
) -> list[Scored]:
    """Score the sequences of files: by a run's reward, or by that which `tune` would take.

    With neither file, preset nor run every rule of a melody has weight 1.

    Args:
        domain: such as "melody".
        files: one or several: token lists (JSONL) or files of the domain, such as MIDI or SMILES.
        out: JSONL file to write, one line a sequence in the order read; None: write nothing. It
            appears once everything is scored.
        rules: Python file with rules of the user's own, scored beside the others.
        config: TOML file; its table `reward` says what `tune` would be paid with it.
        preset: of tuning, whose reward the file wins over; None: the default one if there is a
            file.
        run: folder of a run, whose reward is taken.
        prior: where the run's prior from elsewhere has moved.
        trust: run what the run's records name, see `trust`.
        table: of molecules, a file to write as well, by its name .csv, .sdf, .smi or .jsonl; names
            and columns of the files read are in it.
        column: of tables of molecules, the one with the SMILES; None: the one whose name says so.
        standardise: of molecules, what is scored of them: "fragment", without counter-ions, or
            "parent", without charges too; None: what is written.
        quiet: show no progress.

    Returns:
        For each sequence of a melody its tokens, what every rule pays at each step, multiplied by
        its weight, and the total; for each molecule its SMILES, the raw value of every term, the
        score of those with a transform, and the weighted total.

    Raises:
        UserError: with the file, and the line or field, that cannot be used.
    """
    found = score_files(
        domain,
        listed_paths(files),
        optional_path(out),
        rules=optional_path(rules),
        config=optional_path(config),
        preset=preset,
        run=optional_path(run),
        prior=optional_path(prior),
        trust=trust,
        table=optional_path(table),
        column=column,
        standardise=standardise,
        quiet=quiet,
    )
    return list(found.first)


def score_files(
    domain: str,
    files: Sequence[Path],
    out: Path | None = None,
    *,
    rules: Path | None = None,
    config: Path | None = None,
    preset: str | None = None,
    run: Path | None = None,
    prior: Path | None = None,
    trust: bool = False,
    table: Path | None = None,
    column: str | None = None,
    standardise: str | None = None,
    quiet: bool = False,
    most_kept: int | None = None,
) -> Scores:
    """The same in the memory of the first `most_kept`, however many there are; None keeps all."""
    room, settings, rules, source = _judge(domain, rules, config, preset, run, prior, trust=trust)
    remarks: list[str] = []
    damaged: list[str] = []
    room = room.reading(column, standardise, remarks.append)
    first: list[Scored] = []
    count = valid = 0
    says_validity = False

    def watched() -> Iterator[Scored]:
        nonlocal count, valid, says_validity
        for scored in room.scores(files, settings, rules):
            if most_kept is None or count < most_kept:
                first.append(scored)
            if "read" in scored:
                heading(scored["read"], quiet=quiet)
            count += 1
            says_validity = "valid" in scored
            valid += bool(scored.get("valid"))
            if "damaged" in scored:
                damaged.append(f"{scored['damaged']}: {scored['problem']}")
            advance(1)
            yield scored

    with settings_of(source), progress("sequences scored", None, quiet=quiet) as advance:
        weights = effective_weights(room.reward(room.computed_here(settings), rules))
        write_scores(room, out, table, watched())
    says = valid if says_validity else None
    return Scores(room, first, count, says, weights, damaged, remarks)


def _judge(
    domain: str,
    rules: Path | None,
    config: Path | None,
    preset: str | None,
    run: Path | None,
    prior: Path | None,
    *,
    trust: bool,
) -> tuple[Domain, Settings, Path | None, str]:
    """The domain, the settings and rules of its reward, and what they came from."""
    if run is None:
        room = find_domain(domain)
        if config is None and preset is None:
            return room, room.reward_settings(), rules, "reward"
        settings = read_reward(room, preset or DEFAULT, config)
        return room, settings, rules, f"{config or f'preset {preset}'}: reward"
    if config is not None or preset is not None:
        raise UserError(f"{run}: a run has a reward of its own; leave out --config and --preset")
    model = load_model(run, rules=rules, trust=trust, prior=prior)
    if model.tune is None or model.domain.name != domain:
        kind = "prior" if model.tune is None else "run"
        raise UserError(f"{run}: a {kind} of {model.domain.name!r}, expected a run of {domain!r}")
    return model.domain, model.reward_settings, model.allowed_rules(), f"{run}: reward"
