"""The runs of a suite as a table, with published figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.drawing.table import PUBLISHED, Table
from sequence_tutor.molecule.benchmarks.suites import Suite
from sequence_tutor.storage.versions import versions


@dataclass(frozen=True)
class Benchmarked:
    """The runs of a suite.

    Attributes:
        suite: the benchmark.
        runs: the content of each run's `result.json`, task by task, seed by seed.
    """

    suite: Suite
    runs: Sequence[Mapping[str, Any]]

    def figures(self, task: str) -> list[float]:
        """The suite's figure of each seed."""
        return [run["figures"][self.suite.figure] for run in self.runs if run["task"] == task]

    @property
    def tasks(self) -> list[str]:
        """The tasks that were run, in order."""
        return list(dict.fromkeys(run["task"] for run in self.runs))

    @property
    def total(self) -> float:
        """The sum over tasks of the mean over seeds."""
        return sum(statistics.fmean(self.figures(task)) for task in self.tasks)

    @property
    def caption(self) -> str:
        """The table's figure, and the conditions of ours and the published ones."""
        budgets = {run["budget"] for run in self.runs}
        seeds = {run["settings"]["seed"] for run in self.runs}
        mean = f"the mean of {len(seeds)} seeds ± their standard deviation"
        of_seeds = mean if len(seeds) > 1 else "one seed"
        return f"{self.suite.caption}; ours: {max(budgets):,} calls, {of_seeds}"

    def table(self) -> Table:
        """One row for each task, and their sum: ours with its spread over seeds, and published."""
        published = self.suite.published
        algorithm = self.runs[0]["settings"]["algorithm"]
        rows = []
        for task in self.tasks:
            others = (f"{column[task]:.3f}" for column in published.values())
            rows.append([task, _with_spread(self.figures(task)), *others])
        sums = (sum(column[task] for task in self.tasks) for column in published.values())
        rows.append(["sum", f"{self.total:.3f}", *(f"{value:.3f}" for value in sums)])
        return Table(
            ["task", algorithm, *(name + PUBLISHED for name in published)], rows, self.caption
        )

    def to_json(self) -> dict[str, Any]:
        """All figures as JSON."""
        return {
            "suite": self.suite.name,
            "figure": self.suite.figure,
            "tasks": {task: self.figures(task) for task in self.tasks},
            "sum": self.total,
            "published": {name: dict(rows) for name, rows in self.suite.published.items()},
            "runs": [dict(run) for run in self.runs],
            "versions": versions(),
        }


def _with_spread(figures: Sequence[float]) -> str:
    """Mean and standard deviation."""
    mean = f"{statistics.fmean(figures):.3f}"
    return mean if len(figures) < 2 else f"{mean} ± {statistics.stdev(figures):.3f}"
