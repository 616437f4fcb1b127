"""Methods side by side: one row a method, intervals over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sequence_tutor.drawing.figures import Curve, Panel, learning_curves
from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import UNDEFINED, Estimate, finite_or_none, mean_of, without_ends
from sequence_tutor.evaluation.bounds import with_best_bound
from sequence_tutor.evaluation.figures import FIGURES, cell, titles
from sequence_tutor.evaluation.prices import PriceList
from sequence_tutor.storage.run_log import Record, number

COLUMNS = (
    "reward_per_sequence",
    "kl_to_prior_per_token",
    "objective_per_sequence",
    "gap_per_token",
    "kl_to_optimum_per_sequence",
    "distinct",
    "seconds",
)
"""Figures of the table; undefined ones are left out."""

PANELS = {
    **titles("reward_per_sequence", "kl_to_prior_per_token", "objective_per_sequence", "distinct"),
    "kl_to_prior_per_token": "KL to the prior a token, nats",  # of a baseline it is a bound
}
"""Logged figures that are drawn, with their titles."""


@dataclass(frozen=True)
class MethodRun:
    """The result of one method with one seed.

    Attributes:
        statistics: by name.
        mean_length: tokens of its sequences.
        scored: sequences that were scored to learn from.
        seconds: of computation.
        prices: the price list of a run with aims; None: a run without.
    """

    name: str
    seed: int
    statistics: Mapping[str, Estimate]
    mean_length: float
    scored: int
    seconds: float
    prices: PriceList | None = None

    def figure(self, name: str) -> float:
        """The value of a statistic, or the seconds; NaN where there is none."""
        if name == "seconds":
            return self.seconds
        return self.statistics.get(name, UNDEFINED).value

    def to_json(self) -> dict[str, Any]:
        """As `compare` writes it."""
        return {
            "name": self.name,
            "seed": self.seed,
            "statistics": {name: value.to_json() for name, value in self.statistics.items()},
            "objective_per_sequence": finite_or_none(self.figure("objective_per_sequence")),
            "gap_per_token": finite_or_none(self.figure("gap_per_token")),
            "scored_sequences": self.scored,
            "seconds": self.seconds,
        }


GAPS = ("gap_per_sequence", "gap_per_token")
"""Figures that are the difference of a bound on log Z and an objective."""


def against_best_bound(runs: Sequence[MethodRun]) -> list[MethodRun]:
    """The same runs with their gaps to the highest lower bound on log Z of any of them."""
    beside = [run.statistics for run in runs]
    return [
        replace(run, statistics=with_best_bound(run.statistics, beside, run.mean_length))
        for run in runs
    ]


def over_seeds(runs: Sequence[MethodRun], figure: str) -> Estimate:
    """The mean of a figure over the seeds of one method; of a single seed its own interval.

    The interval of a gap has the noise of the bound on log Z too, see `shared_noise`.
    """
    if len(runs) == 1 and figure in runs[0].statistics:
        return runs[0].statistics[figure]
    mean = mean_of([run.figure(figure) for run in runs])
    if figure not in GAPS or math.isnan(mean.value):
        return mean
    noise = max(shared_noise(run, figure) for run in runs)
    return Estimate(mean.value, mean.low - noise, mean.high + noise)


def shared_noise(run: MethodRun, figure: str) -> float:
    """How far the bound on log Z reaches in the gap of one run; infinite if it is not known.

    All seeds are compared with one bound, so that their scatter does not show its error. The
    interval of a gap is that of the bound plus that of the objective; what the objective does not
    explain is the bound's. It is 0 where log Z is exact.

    Args:
        run: one seed.
        figure: one of `GAPS`.
    """
    gap, objective = (run.statistics.get(one) for one in (figure, "objective_per_sequence"))
    if gap is None or objective is None or not math.isfinite(gap.reach):
        return math.inf
    tokens = run.mean_length if figure == "gap_per_token" else 1.0
    return max(0.0, gap.reach - objective.reach / tokens)


def by_method(runs: Sequence[MethodRun]) -> dict[str, list[MethodRun]]:
    """The runs of each method, methods in the order of their first runs."""
    methods: dict[str, list[MethodRun]] = {}
    for run in runs:
        methods.setdefault(run.name, []).append(run)
    return methods


def table(runs: Sequence[MethodRun], caption: str) -> Table:
    """One row a method."""
    shown = [name for name in COLUMNS if any(math.isfinite(run.figure(name)) for run in runs)]
    header = ["method", *(FIGURES[name].header for name in shown), "scored"]
    rows = [
        [name, *(estimate_cell(over_seeds(own, figure)) for figure in shown), f"{own[0].scored:,}"]
        for name, own in by_method(runs).items()
    ]
    return Table(header, rows, caption)


def estimate_cell(estimate: Estimate) -> str:
    """A large value without decimals; a known one without its interval."""
    known = estimate if estimate.reach else without_ends(estimate.value)
    return cell(known, places=0 if abs(estimate.value) >= 1000 else None)


def draw_comparison(
    path: Path,
    logs: Mapping[str, Sequence[Sequence[Record]]],
    panels: Mapping[str, str],
    along: str,
    x_label: str,
) -> None:
    """Draw the evaluations of every method, mean and interval over its seeds, as a PNG file.

    Args:
        logs: method -> one log a seed, of one record where the method does not train.
        panels: logged figures, with their titles.
        along: logged figure on the x axis.
    """
    drawn = [
        Panel(title, [_curve(name, own, figure, along) for name, own in logs.items()])
        for figure, title in panels.items()
    ]
    learning_curves(drawn, path, x_label=x_label)


def _curve(name: str, logs: Sequence[Sequence[Record]], figure: str, along: str) -> Curve:
    together = list(zip(*logs, strict=False))  # the same evaluation of every seed
    means = [mean_of([number(record, figure) for record in records]) for records in together]
    places = [mean_of([record[along] for record in records]).value for records in together]
    values = [mean.value for mean in means]
    if len(logs) == 1:
        return Curve(name, places, values)
    least, most = (0.0, 1.0) if figure == "distinct" else (-math.inf, math.inf)  # a share
    low = [max(mean.low, least) for mean in means]
    high = [min(mean.high, most) for mean in means]
    return Curve(name, places, values, low, high)
