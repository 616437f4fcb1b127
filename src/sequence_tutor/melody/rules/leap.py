"""The rule on leaps: a leap should be resolved."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.view import NO_PITCH, Melodies, Rule, delayed


class Leap(Rule):
    """Pays for resolving a leap and punishes a second leap in the same direction.

    A leap is resolved by stepping back to the note it came from, or by a late leap in the opposite
    direction; an early one only cancels it. Until then the leap is pending, and a further leap in
    its own direction is punished.
    """

    name: ClassVar[str] = "leap"
    resolved: float = Field(5.0, ge=0, description="paid for resolving a leap")
    doubled: float = Field(-5.0, le=0, description="paid for a second leap the same way")
    semitones: int = Field(7, ge=1, description="the smallest leap")
    patience: int = Field(6, ge=0, description="steps between leaps before a counter-leap resolves")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        resolved, doubled = self.outcomes(melodies)
        return melodies.zero_beyond(self.resolved * resolved.double() + self.doubled * doubled)

    def outcomes(self, melodies: Melodies) -> tuple[Tensor, Tensor]:
        """Two (B, T) bool: where a leap is resolved, where it is doubled."""
        # Everything fits in bytes; torch is quick with them as long as no other type joins in.
        tokens, is_pitched = melodies.small_tokens, melodies.is_pitched.view(torch.int8)
        previous = melodies.previous_pitched.to(torch.int8)
        interval = (tokens - previous) * is_pitched * (previous != NO_PITCH).view(torch.int8)
        leap = interval.sign() * (interval.abs() >= self.semitones).view(torch.int8)  # -1, 0, +1
        moves = is_pitched * (leap == 0).view(torch.int8)
        # The state machine runs over time, so time comes first.
        pending, returns = _pending_leaps(
            *(part.T.contiguous() for part in (tokens, previous, leap, moves))
        )
        meets = leap * pending.T.contiguous()  # -1: the other way, +1: the same way
        resolved = returns.T.contiguous().bool() | ((meets == -1) & self._late(leap != 0))
        return resolved, meets == 1

    def _late(self, leaps: Tensor) -> Tensor:
        """(B, T) bool: True where more than `patience` steps lie between here and the last leap."""
        steps = torch.arange(leaps.shape[1], device=leaps.device)
        # Without a leap, counting starts after the first step.
        last_leap = delayed((steps * leaps).cummax(dim=1).values)
        return steps - last_leap - 1 > self.patience


def _pending_leaps(
    tokens: Tensor, previous: Tensor, leap: Tensor, moves: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the state (direction pending, note leapt from) over all steps; all are (T, B) int8.

    `previous` is the last pitched token, `leap` the direction of the leap made at a step or 0,
    `moves` 1 where a note starts without a leap. The results are the direction pending before each
    step, and 1 where a note that is no leap comes back to, or passes, the note leapt from.
    """
    pending_before, returns = torch.empty_like(leap), torch.empty_like(leap)
    pending, leapt_from = torch.zeros_like(leap[0]), torch.zeros_like(leap[0])  # (B,)
    for t, (token, last, leaps, plain) in enumerate(
        zip(tokens, previous, leap, moves, strict=True)
    ):
        pending_before[t] = pending
        is_pending = pending.abs()
        # Beyond the start when positive; compared with |pending| so that 0 is never a return.
        beyond = (token - leapt_from).mul_(pending)
        back = (beyond < is_pending).view(torch.int8).mul_(plain)
        returns[t] = back
        # While nothing is pending, the last note is what a leap would come from.
        leapt_from = (leapt_from - last).mul_(is_pending).add_(last)
        # A leap starts one when none is pending, keeps one of its own direction, cancels the other.
        pending = (pending + leaps).clamp_(-1, 1).sub_(back.mul_(pending))
    return pending_before, returns
