"""How a property becomes a score from 0 to 1.

Source: Brown et al., GuacaMol: Benchmarking Models for de Novo Molecular Design, 2019
(https://arxiv.org/abs/1811.09621), section 3.2; the names there stand in brackets below.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Modifier = Callable[[float], float]


def unchanged(value: float) -> float:
    """The property itself, which is a score already."""
    return value


@dataclass(frozen=True)
class Gaussian:
    """1 at `mu`, falling on both sides as a bell of width `sigma` (Gaussian(mu, sigma))."""

    mu: float
    sigma: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return math.exp(-0.5 * ((value - self.mu) / self.sigma) ** 2)


@dataclass(frozen=True)
class AtMost:
    """1 up to `mu`, falling beyond it like the bell (MinGaussian)."""

    mu: float
    sigma: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return Gaussian(self.mu, self.sigma)(max(value, self.mu))


@dataclass(frozen=True)
class AtLeast:
    """1 from `mu` on, rising to it like the bell (MaxGaussian)."""

    mu: float
    sigma: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return Gaussian(self.mu, self.sigma)(min(value, self.mu))


@dataclass(frozen=True)
class Thresholded:
    """Rises in a line from 0 at 0 to 1 at `threshold`, 1 beyond (Thresholded(t))."""

    threshold: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return min(max(value / self.threshold, 0.0), 1.0)
