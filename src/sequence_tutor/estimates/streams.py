"""Estimates from a stream of batches; see `sequence_tutor.estimates`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.estimates.intervals import (
    UNDEFINED,
    Estimate,
    clustered_share,
    skewed_student,
    student,
    wilson,
)
from sequence_tutor.estimates.moments import Moments


class _Streamed:
    """An accumulator of columns; how they make an estimate is the kinds' own affair."""

    columns: int

    def __init__(self) -> None:
        self._moments = Moments(self.columns)

    @property
    def count(self) -> int:
        """How many items so far."""
        return self._moments.count

    def merge(self, other: Self) -> None:
        """Add what another accumulator of the same kind has seen."""
        self._moments.merge(other._moments)

    def _add(self, *columns: Tensor) -> None:
        for column in columns:
            if column.dim() != 1 or len(column) != len(columns[0]):
                raise ValueError(f"expected (B,) tensors of one length, got {tuple(column.shape)}")
        arrays = [column.detach().double().cpu().numpy() for column in columns]
        self._moments.update(np.stack(arrays, axis=1))


class Mean(_Streamed):
    """The mean over items, with Student's interval.

    Where more than half of the items are 0, as of something that is rarely paid, the others make
    the mean so skewed that its interval takes account of it, see `skewed_student`. Where all are 0
    nothing tells what one that is not would be, and the interval is empty.
    """

    columns = 1

    def __init__(self) -> None:
        super().__init__()
        self._cubes, self._others = 0.0, 0  # sum of (x - mean)^3, items that are not 0

    def update(self, values: Tensor) -> None:
        """Add one number an item, (B,)."""
        if not len(values):
            return
        new = Mean()
        new._add(values)
        deviations = values.detach().double().cpu().numpy() - new._moments.mean[0]
        new._cubes, new._others = float((deviations**3).sum()), int((values != 0).sum())
        self.merge(new)

    def merge(self, other: Self) -> None:
        """Add what another mean has seen.

        Source: Pebay, Formulas for robust, one-pass parallel computation of covariances and
        arbitrary-order statistical moments, 2008.
        """
        own, its = self.count, other.count
        if own + its == 0:
            return
        step = float(other._moments.mean[0] - self._moments.mean[0])
        squares, theirs = self._moments.scatter[0, 0], other._moments.scatter[0, 0]
        self._cubes += (
            other._cubes
            + step**3 * own * its * (own - its) / (own + its) ** 2
            + 3 * step * float(own * theirs - its * squares) / (own + its)
        )
        self._others += other._others
        super().merge(other)

    def estimate(self) -> Estimate:
        """The mean so far; a single item bounds nothing."""
        if self.count == 0:
            return UNDEFINED
        value, scatter = float(self._moments.mean[0]), float(self._moments.scatter[0, 0])
        if 0 < 2 * self._others < self.count:
            return skewed_student(value, scatter, self._cubes, self.count)
        return student(value, scatter, self.count)


class Proportion(_Streamed):
    """The share of items that have a property, with Wilson's interval."""

    columns = 1

    def update(self, has: Tensor) -> None:
        """Add one truth value an item, (B,) bool."""
        self._add(has)

    def estimate(self) -> Estimate:
        """The share so far."""
        return wilson(float(self._moments.mean[0]), self.count) if self.count else UNDEFINED


class RatioOfSums(_Streamed):
    """Sum of numerators / sum of denominators, with the delta method's interval.

    The items are independent, what is counted within an item need not be: the spread is that of
    the items' residuals x - R y, not that of single counts.
    """

    columns = 2

    def update(self, numerators: Tensor, denominators: Tensor) -> None:
        """Add an item's numerator x and denominator y, (B,) each."""
        self._add(numerators, denominators)

    def estimate(self) -> Estimate:
        """The ratio so far; undefined while the denominators sum to 0."""
        x_mean, y_mean, *_ = self._moments.mean.tolist()
        if y_mean == 0:
            return UNDEFINED
        ratio = x_mean / y_mean
        return student(ratio, self._residual_scatter(ratio) / y_mean**2, self.count)

    def _residual_scatter(self, ratio: float) -> float:
        """Sum over items of (x - R y)^2; 0 where only rounding is left of it."""
        (xx, xy), (_, yy) = self._moments.scatter[:2, :2].tolist()
        residual = xx - 2 * ratio * xy + ratio**2 * yy
        return float(residual) if residual > 1e-12 * (xx + ratio**2 * yy) else 0.0


class ShareOfSteps(RatioOfSums):
    """The share of steps that have a property, when the steps come in independent items.

    Its interval is that of `clustered_share`. Where all items agree (nothing fired, all fired, a
    single item) they show no spread, but the next item may differ: Wilson's interval over the items
    stands in, since they alone are independent. Items without any step tell nothing.
    """

    columns = 5

    def update(self, numerators: Tensor, denominators: Tensor) -> None:
        """Add an item's steps with the property x and all its steps y, (B,) each."""
        kinds = denominators > 0, numerators > 0, numerators < denominators
        self._add(numerators, denominators, *kinds)

    def estimate(self) -> Estimate:
        """The share so far, its interval within 0..1."""
        x_mean, y_mean, *kinds = self._moments.mean.tolist()
        if y_mean == 0:
            return UNDEFINED
        share = x_mean / y_mean
        items, having, lacking = (round(one * self.count) for one in kinds)
        scatter = self._residual_scatter(share) / y_mean**2
        variance = scatter / max(self.count - 1, 1) / self.count
        return clustered_share(share, variance, items, min(having, lacking))


def mean_of(values: Sequence[float] | Tensor) -> Estimate:
    """The mean of some numbers, such as one figure of every seed, with Student's interval."""
    mean = Mean()
    mean.update(torch.as_tensor(values, dtype=torch.float64))
    return mean.estimate()
