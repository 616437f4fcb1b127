"""`sequence-tutor bench` and `verify`: speed on this machine, distance to exact optima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sequence_tutor.cli.arguments import (
    Seed,
    Shown,
    Threads,
    arguments_of,
    option,
    show,
    thread_count,
)
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
        rows = []
        for name, spread in found["spread"].items():
            numbers = (found[name], *spread)
            cells = (f"{x:,.0f}" if x >= 1000 else f"{x:.3g}" for x in numbers)
            rows.append([name.replace("_", " "), *cells])
        show(Table(["figure", "median", "from", "to"], rows))
        show(f"threads: {found['threads']}")


@dataclass(frozen=True, kw_only=True)
class Verify:
    """Train every algorithm on a small problem and measure it against its exact optimum.

    The problem has 4 tokens, sequences of 6, a random prior and random rewards; its optimum is
    known from dynamic programming.

    Example: sequence-tutor verify --json verify.json
    """

    algorithms: Annotated[tuple[str, ...], option("algorithms; by default all", "NAME...")] = ()
    seed: Seed = 0
    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Verify, then show the distances."""
        from sequence_tutor.verbs.verify import verify

        found = verify(names=self.algorithms, **arguments_of(self, "algorithms"))
        self.shown.write(found)
        rows = []
        for row in found["algorithms"]:
            numbers = (row["kl_to_optimum"], row["value_error"], row["seconds"])
            rows.append([row["name"], *("-" if x is None else f"{x:.4g}" for x in numbers)])
        show(Table(["algorithm", "KL to its optimum", "value error", "seconds"], rows))
