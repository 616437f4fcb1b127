"""The runs of a suite as a table, beside published figures: on a terminal, in Markdown, in JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.markdown_tables import markdown_table
from sequence_tutor.molecule.benchmarks.suites import Suite
from sequence_tutor.versions import versions


@dataclass(frozen=True)
class Benchmarked:
    """The runs of a suite.

    Attributes:
        suite: what was run.
        runs: what each run's `result.json` holds, task by task, seed by seed.
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
        """What the table's figures are, and what has to be known to compare them."""
        budgets = {run["budget"] for run in self.runs}
        seeds = {run["settings"]["seed"] for run in self.runs}
        of_seeds = (
            f"the mean of {len(seeds)} seeds ± their standard deviation"
            if len(seeds) > 1
            else "one seed"
        )
        return f"{self.suite.caption}; ours: {max(budgets):,} calls, {of_seeds}"

    def rows(self) -> list[list[str]]:
        """The table: header, one row a task, the sums over the tasks that were run."""
        published = self.suite.published
        algorithm = self.runs[0]["settings"]["algorithm"]
        table = [["task", algorithm, *(f"{name} *" for name in published)]]
        for task in self.tasks:
            others = (f"{column[task]:.3f}" for column in published.values())
            table.append([task, _with_spread(self.figures(task)), *others])
        sums = (sum(column[task] for task in self.tasks) for column in published.values())
        table.append(["sum", f"{self.total:.3f}", *(f"{value:.3f}" for value in sums)])
        return table

    def to_markdown(self) -> str:
        """The table in Markdown, with its caption below."""
        header, *rows = self.rows()
        return f"{markdown_table(header, rows)}\n\n{self.caption}\n"

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
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
    """Mean and standard deviation, as the field writes them."""
    mean = f"{statistics.fmean(figures):.3f}"
    return mean if len(figures) < 2 else f"{mean} ± {statistics.stdev(figures):.3f}"
