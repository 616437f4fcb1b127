"""`sequence-tutor verify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sequence_tutor.cli.arguments import Seed, Shown, Threads, arguments_of, option, show
from sequence_tutor.drawing.table import Table


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
