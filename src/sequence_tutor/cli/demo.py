"""`sequence-tutor demo`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import Preset, Seed, Shown, Threads, arguments_of, option, show


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Tune the shipped prior and show what changed: table, melodies, pictures, the model itself.

    Takes about four minutes on two cores. Interrupted, the same command continues.

    Example: sequence-tutor demo --out demo
    """

    out: Annotated[Path, option("folder for everything", "DIR")]
    samples: Annotated[int, option("melodies the table is made of", "N")] = 100_000
    preset: Preset = "default"
    seed: Seed = 0
    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Do all of it, then show the table."""
        from sequence_tutor.verbs.demo import REPORT, demo

        evaluation = demo(**arguments_of(self))
        self.shown.write(evaluation.to_json())
        show(evaluation.table())
        self.shown.remark(f"Table, curves, melodies and the tuned model are in {self.out}.")
        self.shown.remark(f"Look and listen: open {(self.out / REPORT).absolute()} in a browser.")
