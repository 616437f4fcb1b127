"""Rules against repetition: of one token, and of the melody's own near past."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, NOTE_OFF
from sequence_tutor.melody.view import Melodies, Rule, delayed

BITS = 20
LOW = (1 << BITS) - 1
"""Three counts share one int64, 20 bits each: rests lowest, then holds, then notes."""


class Repetition(Rule):
    """Punishes a token that was repeated too often before it.

    The history is read backwards from a step. Tokens equal to the step's own are counted; rests
    and holds are remembered and skipped; a different note ends the reading. A token varied by
    other rests or holds may be repeated more often than a plain one.
    """

    name: ClassVar[str] = "repetition"
    amount: float = Field(-100.0, le=0, description="paid at each step that repeats too often")
    rests: int = Field(1, ge=0, description="repetitions allowed to a rest")
    plain: int = Field(4, ge=0, description="repetitions allowed with neither between")
    varied: int = Field(6, ge=0, description="repetitions allowed with rests or holds between")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        return melodies.zero_beyond(self.excessive(melodies).double() * self.amount)

    def excessive(self, melodies: Melodies) -> Tensor:
        """(B, T) bool: True where a step repeats too often."""
        tokens = melodies.tokens
        read = counts_read(melodies)  # (B, T), packed
        shift = tokens.clamp(max=FIRST_NOTE) * BITS
        repeated = (read >> shift) & LOW
        # The other two counts are the rests and holds that were skipped.
        varied = read != repeated << shift
        allowed = torch.where(varied, self.varied, self.plain)
        return repeated > allowed.masked_fill(tokens == NOTE_OFF, self.rests)


def counts_read(melodies: Melodies) -> Tensor:
    """How many rests, holds and notes the backward reading meets before a different note.

    A scan is not needed: the result is a running count up to the step, less its value where the
    reading ends. The packed count never falls, so that its value at the last note, and at the last
    note of another pitch, is a running maximum.

    Returns:
        (B, T) int64: rests + holds << 20 + notes << 40; all notes met have the step's own pitch.
    """
    is_pitched = melodies.is_pitched
    one = 1 << melodies.tokens.clamp(max=FIRST_NOTE) * BITS  # (B, T)
    counted = one.cumsum(dim=1)
    at_last_note = delayed((counted * is_pitched).cummax(dim=1).values)
    changes = is_pitched & (melodies.tokens != melodies.previous_pitched)
    at_other_note = (at_last_note * changes).cummax(dim=1).values
    return counted - one - torch.where(is_pitched, at_other_note, at_last_note)


class Autocorrelation(Rule):
    """Punishes, at every step, the correlation of the melody so far with its own near past."""

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
            # An undefined r is NaN, which is above no threshold.
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
