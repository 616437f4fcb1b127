"""`sequence-tutor bench` and `verify`: speed on this machine, distance to exact optima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sequence_tutor.cli.arguments import Seed, Shown, Threads, device_named, thread_count
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure how fast this machine samples, scores and learns.

    Medians of several rounds, with the slowest and the fastest.

    Example: sequence-tutor bench --json bench.json
    """

    threads: Threads = "auto"
    device: Annotated[Literal["cpu", "cuda"], option("where networks and rules compute")] = "cpu"
    shown: Shown = Shown()

    def run(self) -> None:
        """Measure, then show the rates."""
        from sequence_tutor.verbs.bench import bench

        threads, device = thread_count(self.threads), device_named(self.device)
        found = bench(threads=threads, device=device, quiet=self.shown.quiet)
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
    aims: Annotated[
        bool, option("with aims, measured against the exact constrained optimum and multipliers")
    ] = False
    seed: Seed = 0
    threads: Threads = "auto"
    shown: Shown = Shown()

    def run(self) -> None:
        """Verify, then show the distances."""
        from sequence_tutor.verbs.verify import verify

        if self.aims:
            self._with_aims()
            return
        found = verify(names=self.algorithms, **arguments_of(self, "algorithms", "aims"))
        self.shown.write(found)
        rows = []
        for row in found["algorithms"]:
            numbers = (row["kl_to_optimum"], row["value_error"], row["seconds"])
            rows.append([row["name"], *("-" if x is None else f"{x:.4g}" for x in numbers)])
        show(Table(["algorithm", "KL to its optimum", "value error", "seconds"], rows))

    def _with_aims(self) -> None:
        from sequence_tutor.verbs.verify_aims import verify_aims

        found = verify_aims(names=self.algorithms, **arguments_of(self, "algorithms", "aims"))
        self.shown.write(found)
        names = ("kl_to_optimum", "multiplier_error", "worst_miss", "seconds")
        rows = [
            [row["name"], row["round"]]
            + ["-" if row[name] is None else f"{row[name]:.4g}" for name in names]
            + ["yes" if row["said_infeasible"] else "no"]
            for row in found["algorithms"]
        ]
        heads = ["algorithm", "aims", "KL to the optimum", "multiplier error", "worst miss"]
        show(Table([*heads, "seconds", "says some are missed"], rows))
