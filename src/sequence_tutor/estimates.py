"""Estimates with 95 % intervals from a stream of batches, in the memory of a few numbers.

Every accumulator takes tensors of any device with one entry an independent item (a melody, a
molecule), any number of times, and gives the same estimate however the stream was cut. Two of a
kind, fed apart, are joined by `merge`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy  # its parts are imported when they are first used
import torch
from numpy.typing import NDArray
from torch import Tensor

UPPER_TAIL = 0.975
"""Both ends of a 95 % interval leave 2.5 % outside."""

NORMAL_REACH = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN where nothing defines it.

    An end that the data do not bound is infinite.
    """

    value: float
    low: float
    high: float

    @property
    def reach(self) -> float:
        """To the farther end of the interval."""
        return max(self.high - self.value, self.value - self.low)

    def to_json(self) -> dict[str, float | None]:
        """The three numbers, null in place of NaN and infinity, which JSON lacks."""
        return {
            name: finite_or_none(number)
            for name, number in (("value", self.value), ("low", self.low), ("high", self.high))
        }


def finite_or_none(number: float) -> float | None:
    """The number; None in place of NaN and infinity, which JSON lacks."""
    return number if math.isfinite(number) else None


UNDEFINED = Estimate(math.nan, math.nan, math.nan)


def exactly(value: float) -> Estimate:
    """A value that is known."""
    return Estimate(value, value, value)


def without_ends(value: float) -> Estimate:
    """A value whose interval nobody knows."""
    return Estimate(value, -math.inf, math.inf)


def within(value: float, error: float) -> Estimate:
    """The interval of a value with a standard error from many samples."""
    reach = NORMAL_REACH * error
    return Estimate(value, value - reach, value + reach)


def times(estimate: Estimate, factor: float) -> Estimate:
    """A multiple of an estimate, by a number that is taken as known."""
    low, high = sorted((factor * estimate.low, factor * estimate.high))
    return Estimate(factor * estimate.value, low, high)


def divided(estimate: Estimate, by: float) -> Estimate:
    """A part of an estimate, by a number above 0 that is taken as known."""
    return Estimate(estimate.value / by, estimate.low / by, estimate.high / by)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """One minus the other, of independent estimates: their squared reaches add up.

    Source: Newcombe, Interval estimation for the difference between independent proportions, 1998,
    method 10.
    """
    value = one.value - other.value
    down = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    up = ((one.high - one.value) ** 2 + (other.value - other.low) ** 2) ** 0.5
    return Estimate(value, value - down, value + up)


def dependent_difference(one: Estimate, other: Estimate) -> Estimate:
    """One minus the other, where both may err by the same chance: their reaches add up.

    Models are sampled with the same random numbers, so that their estimates are not independent.
    """
    return Estimate(one.value - other.value, one.low - other.high, one.high - other.low)


def mean_of(values: Sequence[float] | Tensor) -> Estimate:
    """The mean of some numbers, such as one figure of every seed, with Student's interval."""
    mean = Mean()
    mean.update(torch.as_tensor(values, dtype=torch.float64))
    return mean.estimate()


def wilson(share: float, items: float) -> Estimate:
    """Wilson's score interval of a proportion; never empty, never outside 0..1.

    Args:
        share: the observed proportion.
        items: how many independent items it was observed in.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    if items <= 0:
        return UNDEFINED
    z2 = NORMAL_REACH**2
    centre = (share + z2 / (2 * items)) / (1 + z2 / items)
    spread = math.sqrt(z2 * (share * (1 - share) / items + z2 / (4 * items**2))) / (1 + z2 / items)
    # At 0 and 1 one end is the share itself, but for rounding.
    return Estimate(
        share, min(max(centre - spread, 0.0), share), max(min(centre + spread, 1.0), share)
    )


class Moments:
    """Count, mean and co-moments of K-dimensional items, without keeping the items.

    Batches are joined by their means and centred sums, not by raw sums of squares, so nothing
    cancels however large the mean is beside the spread.

    Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances, 1979.

    Attributes:
        count: n, items so far.
        mean: (K,).
        scatter: (K, K), the sum over items of (x - mean)(x - mean)^T.
    """

    def __init__(self, dimensions: int) -> None:
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(dimensions)
        self.scatter: NDArray[np.float64] = np.zeros((dimensions, dimensions))

    def update(self, items: NDArray[np.float64]) -> None:
        """Add a batch (B, K), which may be empty."""
        if len(items) == 0:
            return
        batch = Moments(items.shape[1])
        batch.count, batch.mean = len(items), items.mean(axis=0)
        centred = items - batch.mean  # (B, K)
        batch.scatter = centred.T @ centred
        self.merge(batch)

    def merge(self, other: Moments) -> None:
        """Add what another one has seen."""
        count = self.count + other.count
        if count == 0:
            return
        step = other.mean - self.mean
        self.scatter = (
            self.scatter + other.scatter + np.outer(step, step) * (self.count * other.count / count)
        )
        self.mean = self.mean + step * (other.count / count)
        self.count = count


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
    """The mean over items, with Student's interval."""

    columns = 1

    def update(self, values: Tensor) -> None:
        """Add one number an item, (B,)."""
        self._add(values)

    def estimate(self) -> Estimate:
        """The mean so far; a single item bounds nothing."""
        if self.count == 0:
            return UNDEFINED
        return _student(
            float(self._moments.mean[0]), float(self._moments.scatter[0, 0]), self.count
        )


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
        x_mean, y_mean = self._moments.mean.tolist()
        if y_mean == 0:
            return UNDEFINED
        ratio = x_mean / y_mean
        return _student(ratio, self._residual_scatter(ratio) / y_mean**2, self.count)

    def _residual_scatter(self, ratio: float) -> float:
        """Sum over items of (x - R y)^2; 0 where only rounding is left of it."""
        (xx, xy), (_, yy) = self._moments.scatter.tolist()
        residual = xx - 2 * ratio * xy + ratio**2 * yy
        return float(residual) if residual > 1e-12 * (xx + ratio**2 * yy) else 0.0


class ShareOfSteps(RatioOfSums):
    """The share of steps that have a property, when the steps come in independent items.

    Where all items agree (nothing fired, all fired, a single item) they show no spread, but the
    next item may differ: Wilson's interval over the items stands in, since they alone are
    independent.
    """

    def estimate(self) -> Estimate:
        """The share so far, its interval within 0..1."""
        plain = super().estimate()
        if math.isnan(plain.value):
            return UNDEFINED
        if self.count == 1 or plain.low == plain.high:
            return wilson(plain.value, self.count)
        return Estimate(plain.value, max(plain.low, 0.0), min(plain.high, 1.0))


def _student(value: float, scatter: float, count: int) -> Estimate:
    """An interval from `count` items whose deviations have this sum of squares."""
    if count < 2:
        return without_ends(value)
    error = math.sqrt(scatter / (count - 1) / count)
    reach = float(scipy.special.stdtrit(count - 1, UPPER_TAIL)) * error
    return Estimate(value, value - reach, value + reach)
