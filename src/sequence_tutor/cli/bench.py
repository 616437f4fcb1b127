"""`sequence-tutor bench`."""

from __future__ import annotations

from dataclasses import dataclass

from sequence_tutor.cli.arguments import Shown, Threads, show, thread_count
from sequence_tutor.drawing.table import Table


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure how fast this machine samples, scores and learns.

    Medians of several rounds, with the slowest and the fastest.

    Example: sequence-tutor bench --json bench.json
    """

    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Measure, then show the rates."""
        from sequence_tutor.verbs.bench import bench

        found = bench(threads=thread_count(self.threads), quiet=self.shown.quiet)
        self.shown.write(found)
        rows = [
            [name.replace("_", " "), *map(_readable, (found[name], *spread))]
            for name, spread in found["spread"].items()
        ]
        show(Table(["figure", "median", "from", "to"], rows))
        show(f"threads: {found['threads']}")


def _readable(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
