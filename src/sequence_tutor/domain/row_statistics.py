"""The rows of a domain's tables with their 95 % intervals, gathered batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sequence_tutor.domain.rows import Counts, Kind, RowRange
from sequence_tutor.estimates import Estimate, Mean, Proportion, RatioOfSums, ShareOfSteps


class RowStatistics:
    """Gathers rows over batches and gives each with its 95 % interval.

    Args:
        ranges: of the rows.
    """

    def __init__(self, ranges: Mapping[str, RowRange]) -> None:
        self._gathered = {name: _GATHERERS[one.kind]() for name, one in ranges.items()}

    def add(self, counts: Mapping[str, Counts]) -> None:
        """Add what a batch counts; what is no row of these is left out."""
        for name, gathered in self._gathered.items():
            gathered.add(counts[name])

    def result(self) -> dict[str, Estimate]:
        """Every row so far."""
        return {name: gathered.estimate() for name, gathered in self._gathered.items()}


class _Gathered(Protocol):
    def add(self, counts: Counts) -> None: ...

    def estimate(self) -> Estimate: ...


class _Means(Mean):
    def add(self, counts: Counts) -> None:
        self.update(counts.numerators[counts.denominators > 0])


class _Shares(Proportion):
    def add(self, counts: Counts) -> None:
        self.update(counts.numerators[counts.denominators > 0] > 0)


class _Steps(ShareOfSteps):
    def add(self, counts: Counts) -> None:
        self.update(counts.numerators, counts.denominators)


class _Ratios(RatioOfSums):
    def add(self, counts: Counts) -> None:
        self.update(counts.numerators, counts.denominators)


_GATHERERS: dict[Kind, Callable[[], _Gathered]] = {
    "mean": _Means,
    "share": _Shares,
    "share of steps": _Steps,
    "ratio": _Ratios,
}
