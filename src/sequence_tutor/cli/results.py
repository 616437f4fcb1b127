"""`sequence-tutor demo` and `tables`: the shipped prior tuned, with all that shows the change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import Preset, Rules, Seed, Shown, Threads
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Tune a shipped prior and show what changed: table, melodies, pictures, the model itself.

    Takes about four minutes on two cores. After an interruption the same command continues.

    Example: sequence-tutor demo --out demo
    """

    out: Annotated[Path, option("folder for everything", "DIR")]
    samples: Annotated[int, option("melodies that the table is computed from", "N")] = 10_000
    preset: Preset = "musical"
    seed: Seed = 0
    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Do all of it, then show the table."""
        from sequence_tutor.verbs.results import REPORT, demo

        evaluation = demo(**arguments_of(self))
        self.shown.write(evaluation.to_json())
        show(evaluation.table())
        self.shown.remark(f"Table, curves, melodies and the tuned model are in {self.out}.")
        self.shown.remark(f"Look and listen: open {(self.out / REPORT).absolute()} in a browser.")


@dataclass(frozen=True, kw_only=True)
class Results:
    """Make the whole table of results: every algorithm and baseline beside the published figures.

    Tunes one model a column, a few minutes each; algorithms of installed packages have a column,
    rules of your own a row each. After an interruption the same command continues.

    Example: sequence-tutor tables --out tables
    """

    out: Annotated[Path, option("folder for runs, table and figures", "DIR")]
    samples: Annotated[int, option("melodies of each column", "N")] = 100_000
    seed: Seed = 0
    seeds: Annotated[int, option("trainings of each column, for the spread between them", "N")] = 1
    rules: Rules = None
    executor: Annotated[
        str | None,
        option(
            "train the columns side by side: local (in processes of this machine), ray (on a Ray "
            "cluster) or the name of an installed package; one after the other if unset",
            "NAME",
        ),
    ] = None
    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Do all of it, then show the table."""
        from sequence_tutor.verbs.results import tables

        evaluation = tables(**arguments_of(self))
        self.shown.write(evaluation.to_json())
        show(evaluation.table())
        if self.seeds > 1:
            show((self.out / "seeds.md").read_text(encoding="utf-8"))
        self.shown.remark(f"Table, curves and tuned models are in {self.out}.")
