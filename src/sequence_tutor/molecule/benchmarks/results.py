"""The runs of a suite as a table, with published figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.drawing.table import PUBLISHED, Table
from sequence_tutor.molecule.benchmarks.plausible import APART, HIT
from sequence_tutor.molecule.benchmarks.suites import (
    EARLY,
    FIRST,
    HITS_INSIDE,
    INSIDE,
    Suite,
)
from sequence_tutor.storage.versions import versions

BY_LUCK = "valsartan_smarts"
"""A task that pays 0 for nearly every molecule, so that a seed decides; the sum is shown without
it, too."""


@dataclass(frozen=True)
class Benchmarked:
    """The runs of a suite.

    Attributes:
        suite: the benchmark.
        runs: the content of each run's `result.json`, task by task, seed by seed.
    """

    suite: Suite
    runs: Sequence[Mapping[str, Any]]

    def figures(self, task: str, figure: str | None = None) -> list[float]:
        """A figure of each seed; None: the suite's."""
        name = figure or self.suite.figure
        return [run["figures"][name] for run in self.runs if run["task"] == task]

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
        fence = ""
        if any(figure == INSIDE for figure, _ in self._beside()):
            fence = (
                "; inside the fence: molecules outside it count as calls without a score; diverse "
                f"hits: molecules of {HIT} (or the median of the published figures, if lower) that "
                f"are {APART} apart"
            )
        return f"{self.suite.caption}{fence}; ours: {max(budgets):,} calls, {of_seeds}"

    def table(self) -> Table:
        """One row for each task, and their sum: ours with its spread over seeds, and published."""
        published = self.suite.published
        algorithm = self.runs[0]["settings"]["algorithm"]
        columns = [(self.suite.figure, algorithm), *self._beside()]
        ours = [figure for figure, _ in columns]
        rows = []
        for task in self.tasks:
            own = [
                _with_spread(self.figures(task, figure), 1 if figure == HITS_INSIDE else 3)
                for figure in ours
            ]
            rows.append([task, *own, *(f"{column[task]:.3f}" for column in published.values())])
        rows.append(self._sum("sum", self.tasks, ours))
        if BY_LUCK in self.tasks and len(self.tasks) > 1:
            others = [task for task in self.tasks if task != BY_LUCK]
            rows.append(self._sum(f"without {BY_LUCK}", others, ours))
        names = [name for _, name in columns]
        header = ["task", *names, *(name + PUBLISHED for name in published)]
        return Table(header, rows, self.caption)

    def _beside(self) -> list[tuple[str, str]]:
        """Other figures that every run has, with the titles of their columns."""
        known = {
            EARLY: f"first {FIRST:,} calls",
            INSIDE: "inside the fence",
            HITS_INSIDE: "diverse hits inside",
        }
        return [
            (figure, title)
            for figure, title in known.items()
            if all(figure in run["figures"] for run in self.runs)
        ]

    def _sum(self, name: str, tasks: Sequence[str], figures: Sequence[str]) -> list[str]:
        """A row of sums over tasks: ours, means over seeds, and published ones."""
        own = (
            sum(statistics.fmean(self.figures(task, figure)) for task in tasks)
            for figure in figures
        )
        others = (sum(column[task] for task in tasks) for column in self.suite.published.values())
        digits = [1 if figure == HITS_INSIDE else 3 for figure in figures]
        cells = [f"{value:.{digit}f}" for value, digit in zip(own, digits, strict=True)]
        return [name, *cells, *(f"{value:.3f}" for value in others)]

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


def _with_spread(figures: Sequence[float], digits: int) -> str:
    """Mean and standard deviation."""
    mean = f"{statistics.fmean(figures):.{digits}f}"
    return mean if len(figures) < 2 else f"{mean} ± {statistics.stdev(figures):.{digits}f}"
