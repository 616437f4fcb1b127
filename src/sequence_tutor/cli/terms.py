"""`sequence-tutor terms list`, `terms plot`, `terms check`, `terms import`."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from sequence_tutor.cli.arguments import Config, Preset, Rules, Shown
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table

Domain = Annotated[str, option("kind of sequence: molecule", "DOMAIN")]


@dataclass(frozen=True)
class TermsList:
    """List the terms that can score molecules: names, meanings, units, constants.

    Example: sequence-tutor terms list molecule
    """

    domain: Domain
    _: KW_ONLY
    shown: Shown = Shown()

    def run(self) -> None:
        """Show one row a kind of term."""
        from sequence_tutor.verbs.terms import list_terms

        terms = list_terms(self.domain)
        self.shown.write([asdict(term) for term in terms])
        rows = [[one.name, one.meaning, one.unit, ", ".join(one.constants)] for one in terms]
        show(Table(["term", "meaning", "unit", "constants"], rows, holds_figures=False))


@dataclass(frozen=True)
class TermsPlot:
    """Draw how the terms of a settings file transform their raw numbers, one PNG each.

    Example: sequence-tutor terms plot molecule logp --config mine.toml --out pictures
    """

    domain: Domain
    names: Annotated[
        tuple[str, ...], option("terms to draw; default: all that have a table", "[NAME...]")
    ] = ()
    _: KW_ONLY
    out: Annotated[Path, option("folder for the pictures", "DIR")]
    preset: Preset = "default"
    config: Config = None

    def run(self) -> None:
        """Draw, then show where the pictures are."""
        from sequence_tutor.verbs.terms import plot_terms

        for path in plot_terms(**arguments_of(self)):
            show(str(path))


@dataclass(frozen=True)
class TermsCheck:
    """Try scorers of your own on ten molecules: functions of --rules, programs of --config.

    Example: sequence-tutor terms check molecule --rules my_terms.py
    """

    domain: Domain
    _: KW_ONLY
    preset: Preset = "default"
    config: Config = None
    rules: Rules = None
    shown: Shown = Shown()

    def run(self) -> None:
        """Check, then show how long each took and for which molecules it has no number."""
        from sequence_tutor.verbs.terms import check_terms

        checked = check_terms(**arguments_of(self, "quiet"))
        numbers = {
            name: {"failures": list(found.failures), "seconds": found.seconds}
            for name, found in checked.items()
        }
        self.shown.write(numbers)
        for name, found in checked.items():
            failed = f"; no number for {', '.join(found.failures)}" if found.failures else ""
            show(f"{name}: works, {found.seconds * 1e3:.3g} ms for ten molecules{failed}")


@dataclass(frozen=True)
class TermsImport:
    """Translate the scoring of a REINVENT 4 configuration into a settings file for tune and score.

    What cannot be translated is named. Sampling and learning are not translated.

    Example: sequence-tutor terms import molecule reinvent.toml --out mine.toml
    """

    domain: Domain
    source: Annotated[Path, option("REINVENT 4 configuration, TOML", "FILE")]
    _: KW_ONLY
    out: Annotated[Path, option("settings file to write", "FILE")]
    stage: Annotated[int, option("of several stages the one to translate", "N")] = 1

    OUT_IS_FILE: ClassVar[bool] = True

    def run(self) -> None:
        """Translate, then show what was left out."""
        from sequence_tutor.verbs.terms import import_terms

        for sentence in import_terms(**arguments_of(self)):
            show(f"left out: {sentence}")
        show(str(self.out))


TERMS = {"list": TermsList, "plot": TermsPlot, "check": TermsCheck, "import": TermsImport}
