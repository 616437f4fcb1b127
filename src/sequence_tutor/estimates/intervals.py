"""Estimates, their 95 % intervals, and sums, parts and differences of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used

UPPER_TAIL = 0.975
"""Both ends of a 95 % interval leave 2.5 % outside."""

NORMAL_REACH = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""

LEAST_SKEWNESS = 1e-9
"""A smaller one moves no interval, and would be divided by."""


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
    """A value whose interval is not known."""
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


def wilson(share: float, items: float, quantile: float = NORMAL_REACH) -> Estimate:
    """Wilson's score interval of a proportion; never empty, never outside 0..1.

    Args:
        share: the observed proportion.
        items: how many independent items it was observed in.
        quantile: of the distribution that leaves 2.5 % outside each end.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    if items <= 0:
        return UNDEFINED
    z2 = quantile**2
    centre = (share + z2 / (2 * items)) / (1 + z2 / items)
    spread = math.sqrt(z2 * (share * (1 - share) / items + z2 / (4 * items**2))) / (1 + z2 / items)
    # At 0 and 1 one end is the share itself, but for rounding.
    return Estimate(
        share, min(max(centre - spread, 0.0), share), max(min(centre + spread, 1.0), share)
    )


def student_quantile(count: int) -> float:
    """What leaves 2.5 % outside each end of the interval of a mean of so many items."""
    return float(scipy.special.stdtrit(count - 1, UPPER_TAIL))


def clustered_share(share: float, variance: float, items: int, unlike: int) -> Estimate:
    """The interval of a share whose steps come in independent items.

    It is Wilson's of as many independent steps as would have this variance: the spread that rare
    steps show is nearly proportional to their share, so that a share that happens to be low looks
    too sure of itself where its ends are taken from its own spread. How many steps come together is
    known only from the items that have such, so that Student's distribution has as many degrees of
    freedom as these, and the two that Wilson's interval adds.

    Source: Korn and Graubard, Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data, 1998 (with Wilson's interval in place of the exact).

    Args:
        share: of the steps.
        variance: of its estimate; 0 where all items agree.
        items: that had any step.
        unlike: items that had a step with the property, or of those that had one without it, if
            they are fewer.
    """
    if items < 2 or variance <= 0 or not 0 < share < 1:
        return wilson(share, items)
    return wilson(share, share * (1 - share) / variance, student_quantile(unlike + 3))


def student(value: float, scatter: float, count: int) -> Estimate:
    """An interval from `count` items whose deviations have this sum of squares."""
    if count < 2:
        return without_ends(value)
    error = math.sqrt(scatter / (count - 1) / count)
    reach = student_quantile(count) * error
    return Estimate(value, value - reach, value + reach)


def skewed_student(value: float, scatter: float, cubes: float, count: int) -> Estimate:
    """The same of skewed items, whose deviations have this sum of cubes.

    The studentised mean of items with skewness g has itself a skewness of about -2 g / sqrt(n).
    Hall's transform takes it away: with T = (mean - truth) / s,

        h(T) = T + g T^2 / 3 + g^2 T^3 / 27 + g / (6 n)

    is nearly Student's. h rises everywhere, so that the ends of the interval are those of h^-1.

    Source: Hall, On the removal of skewness by transformation, 1992, section 2.
    """
    deviation = math.sqrt(scatter / (count - 1)) if count > 1 else 0.0
    skewness = cubes / count / deviation**3 if deviation else 0.0
    if abs(skewness) < LEAST_SKEWNESS:
        return student(value, scatter, count)
    reach = student_quantile(count) / math.sqrt(count)

    def untransformed(h: float) -> float:
        root = float(np.cbrt(1 + skewness * (h - skewness / (6 * count))))
        return 3 * (root - 1) / skewness

    low, high = (value - deviation * untransformed(end) for end in (reach, -reach))
    return Estimate(value, min(low, value), max(high, value))
