"""Transforms make a score of a raw number; their settings are validated when they are read."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sequence_tutor.config.settings import Settings

Values = NDArray[np.float64]

_LN10 = float(np.log(10.0))


def _expit(x: Values) -> Values:
    return np.asarray(scipy.special.expit(x))


def sigmoid(x: Values, low: float, high: float, steepness: float) -> Values:
    """1 / (1 + 10^(-10 steepness (x - middle) / (high - low))): rises from 0 to 1.

    At the default steepness of .5 it is .003 at `low`, .5 in the middle and .997 at `high`; this is
    the sigmoid of REINVENT 4 with k = .5.
    """
    middle = (low + high) / 2
    return _expit(_LN10 * 10 * steepness * (x - middle) / (high - low))


def double_sigmoid(x: Values, low: float, high: float, width: float) -> Values:
    """1 / (1 + 10^(-(x - low) / width)) times the same falling at `high`: a smooth window.

    It is about .5 at both ends, and about .09 at a distance of `width` outside.
    """
    return _expit(_LN10 * (x - low) / width) * _expit(_LN10 * (high - x) / width)


def two_sigmoids(x: Values, low: float, high: float, width: float, width_high: float) -> Values:
    """A rising sigmoid up to the middle of low..high, and a falling one from there on.

    It is exactly .5 at both ends and .09 at a distance of `width` below `low` or `width_high` above
    `high`; in the middle it jumps where the widths differ. This is the double sigmoid of REINVENT 4
    with widths of coef_div / coef_si and coef_div / coef_se.
    """
    rising, falling = _expit(_LN10 * (x - low) / width), _expit(_LN10 * (high - x) / width_high)
    return np.where(x < (low + high) / 2, rising, falling)


class Identity(Settings):
    """The raw number itself."""

    kind: Literal["identity"] = "identity"

    def __call__(self, x: Values) -> Values:
        """(B,) the same."""
        return x

    def shown(self) -> tuple[float, float]:
        """The range of raw numbers that a picture shows."""
        return 0.0, 1.0


class _Range(Settings):
    """A range of raw numbers."""

    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, expected less than high = {self.high:g}")
        return self

    def shown(self) -> tuple[float, float]:
        """The range with a margin of half its width on both sides."""
        margin = (self.high - self.low) / 2
        return self.low - margin, self.high + margin


class Sigmoid(_Range):
    """From 0 at low to 1 at high, smoothly."""

    kind: Literal["sigmoid"] = "sigmoid"
    steepness: float = Field(0.5, gt=0, description="larger is steeper, about the same middle")

    def __call__(self, x: Values) -> Values:
        """(B,) in 0..1."""
        return sigmoid(x, self.low, self.high, self.steepness)


class ReverseSigmoid(_Range):
    """From 1 at low to 0 at high, smoothly."""

    kind: Literal["reverse_sigmoid"] = "reverse_sigmoid"
    steepness: float = Field(0.5, gt=0, description="larger is steeper, about the same middle")

    def __call__(self, x: Values) -> Values:
        """(B,) in 0..1."""
        return sigmoid(-x, -self.high, -self.low, self.steepness)


class DoubleSigmoid(_Range):
    """1 between low and high, smoothly 0 outside."""

    kind: Literal["double_sigmoid"] = "double_sigmoid"
    width: float = Field(gt=0, description="distance outside an end at which the score is .09")

    def __call__(self, x: Values) -> Values:
        """(B,) in 0..1."""
        return double_sigmoid(x, self.low, self.high, self.width)


class TwoSigmoids(_Range):
    """1 between low and high, smoothly 0 outside; each side may have a width of its own."""

    kind: Literal["two_sigmoids"] = "two_sigmoids"
    width: float = Field(gt=0, description="distance below the lower end at which it is .09")
    width_high: float = Field(gt=0, description="distance above the upper end at which it is .09")

    def __call__(self, x: Values) -> Values:
        """(B,) in 0..1."""
        return two_sigmoids(x, self.low, self.high, self.width, self.width_high)


class Window(_Range):
    """1 from low to high, both included, 0 outside."""

    kind: Literal["window"] = "window"

    def __call__(self, x: Values) -> Values:
        """(B,) 0 or 1."""
        return ((x >= self.low) & (x <= self.high)).astype(np.float64)


class Clip(_Range):
    """The raw number, limited to low..high."""

    kind: Literal["clip"] = "clip"

    def __call__(self, x: Values) -> Values:
        """(B,) in low..high."""
        return np.clip(x, self.low, self.high)


class Step(Settings):
    """1 at or above a threshold, 0 below it; or the reverse."""

    kind: Literal["step"] = "step"
    threshold: float
    rising: bool = Field(True, description="false: 1 up to the threshold, 0 above it")

    def __call__(self, x: Values) -> Values:
        """(B,) 0 or 1."""
        reached = x >= self.threshold if self.rising else x <= self.threshold
        return reached.astype(np.float64)

    def shown(self) -> tuple[float, float]:
        """A margin on both sides of the threshold."""
        margin = max(1.0, abs(self.threshold) / 2)
        return self.threshold - margin, self.threshold + margin


class ZScore(Settings):
    """Difference from a mean, in standard deviations."""

    kind: Literal["z_score"] = "z_score"
    mean: float
    deviation: float = Field(gt=0)

    def __call__(self, x: Values) -> Values:
        """(B,) unbounded."""
        return (x - self.mean) / self.deviation

    def shown(self) -> tuple[float, float]:
        """Three deviations on both sides."""
        return self.mean - 3 * self.deviation, self.mean + 3 * self.deviation


Transform = Annotated[
    Identity
    | Sigmoid
    | ReverseSigmoid
    | DoubleSigmoid
    | TwoSigmoids
    | Step
    | Window
    | Clip
    | ZScore,
    Field(discriminator="kind"),
]


def direction(transform: Transform) -> int:
    """1 where larger raw numbers have larger scores, -1 where smaller ones have; else 0."""
    if isinstance(transform, DoubleSigmoid | TwoSigmoids | Window):
        return 0
    if isinstance(transform, ReverseSigmoid):
        return -1
    return -1 if isinstance(transform, Step) and not transform.rising else 1


def lowest(transform: Transform) -> float:
    """The lowest score that it gives; minus infinity where there is none."""
    if isinstance(transform, Identity | ZScore):
        return -np.inf
    return transform.low if isinstance(transform, Clip) else 0.0


TRANSFORMS = tuple(kind.model_fields["kind"].default for kind in get_args(get_args(Transform)[0]))
"""Names of the transforms in a settings file."""
