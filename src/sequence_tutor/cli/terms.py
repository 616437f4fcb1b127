"""`sequence-tutor terms list`, `terms plot`, `terms check`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from sequence_tutor.cli.arguments import (
    Config,
    Json,
    Preset,
    Rules,
    option,
    show,
    write_numbers,
)
from sequence_tutor.drawing.table import Table

Domain = Annotated[Positional[str], option("kind of sequence: molecule", "DOMAIN")]


@dataclass(frozen=True)
class TermsList:
    """List what molecules can be scored by: names, meanings, units, constants.

    Example: sequence-tutor terms list molecule
    """

    domain: Domain
    json: Json = None

    def run(self) -> None:
        """Show one row a kind of term."""
        from sequence_tutor.verbs.terms import list_terms

        terms = list_terms(self.domain)
        write_numbers(self.json, [asdict(term) for term in terms])
        rows = [[one.name, one.meaning, one.unit, ", ".join(one.constants)] for one in terms]
        show(Table(["term", "meaning", "unit", "constants"], rows, holds_figures=False))


@dataclass(frozen=True)
class TermsPlot:
    """Draw what the terms of a settings file make of their raw numbers, one PNG each.

    Example: sequence-tutor terms plot molecule logp --config mine.toml --out pictures
    """

    domain: Domain
    out: Annotated[Path, option("folder for the pictures", "DIR")]
    names: Annotated[
        Positional[tuple[str, ...]], option("terms to draw; all that have a table", "NAME...")
    ] = ()
    preset: Preset = "default"
    config: Config = None

    def run(self) -> None:
        """Draw, then say where the pictures are."""
        from sequence_tutor.verbs.terms import plot_terms

        for path in plot_terms(
            self.names, self.out, domain=self.domain, preset=self.preset, config=self.config
        ):
            show(str(path))


@dataclass(frozen=True)
class TermsCheck:
    """Try scorers of your own on ten molecules: functions of --rules, programs of --config.

    Example: sequence-tutor terms check molecule --rules my_terms.py
    """

    domain: Domain
    preset: Preset = "default"
    config: Config = None
    rules: Rules = None
    json: Json = None

    def run(self) -> None:
        """Check, then show how long each took and for which molecules it has no number."""
        from sequence_tutor.verbs.terms import check_terms

        checked = check_terms(
            domain=self.domain, preset=self.preset, config=self.config, rules=self.rules
        )
        numbers = {
            name: {"failures": list(found.failures), "seconds": found.seconds}
            for name, found in checked.items()
        }
        write_numbers(self.json, numbers)
        for name, found in checked.items():
            failed = f"; no number for {', '.join(found.failures)}" if found.failures else ""
            show(f"{name}: works, {found.seconds * 1e3:.3g} ms for ten molecules{failed}")


TERMS = {"list": TermsList, "plot": TermsPlot, "check": TermsCheck}
