"""Do not echo yourself at a short distance."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies


class Autocorrelation(Rule):
    """Punishes, at every step, what the melody so far correlates with its own near past."""

    name: ClassVar[str] = "autocorrelation"
    amount: float = Field(-3.0, le=0, description="paid per unit of absolute correlation")
    threshold: float = Field(0.15, ge=0, le=1, description="correlations up to this are free")
    lags: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1, 2, 3), min_length=1, description="distances in steps"
    )

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        total = torch.zeros_like(melodies.tokens, dtype=torch.float64)
        for strength in (r.abs() for r in correlations(melodies, self.lags)):
            # Where r is undefined it is NaN, which is above no threshold.
            total += torch.where(strength > self.threshold, strength, 0.0)
        return melodies.zero_beyond(total * self.amount)


def correlations(melodies: Melodies, lags: tuple[int, ...]) -> list[Tensor]:
    r"""Autocorrelation of the tokens, as plain integers, up to and including every step.

    With n tokens so far, mean m and population variance v,

        r = sum_{i=0}^{n-lag-1} (c_i - m)(c_{i+lag} - m) / (n v)

    Multiplied out by n^2, numerator and denominator are sums of products of integers below 2^53,
    which float64 holds exactly: only the final division rounds. Thus |r| is compared with a
    threshold such as 0.15 as exact arithmetic would do it.

    Returns:
        for each lag (B, T) float64, NaN where all tokens so far are equal.
    """
    x = melodies.tokens.double()
    n = torch.arange(1, x.shape[1] + 1, dtype=torch.float64, device=x.device)  # (T,)
    total = x.cumsum(dim=1)  # (B, T)
    variance = n * (n * (x * x).cumsum(dim=1) - total * total)  # n^3 v
    return [_lagged_covariance(x, total, n, lag) / variance for lag in lags]


def _lagged_covariance(x: Tensor, total: Tensor, n: Tensor, lag: int) -> Tensor:
    """(B, T): n^2 sum_i (c_i - m)(c_{i+lag} - m), from sums alone; 0 while n <= lag."""
    result = torch.zeros_like(x)
    if lag >= x.shape[1]:
        return result
    n, early, late = n[lag:], x[:, :-lag], x[:, lag:]
    now = total[:, lag:]
    products = (early * late).cumsum(dim=1)
    # The first n - lag tokens, and the last n - lag.
    ends = total[:, :-lag] + now - total[:, lag - 1 : lag]
    result[:, lag:] = n * n * products - n * now * ends + (n - lag) * now * now
    return result
