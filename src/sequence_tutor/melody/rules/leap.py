"""Come back after a leap."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies, delayed


class Leap(Rule):
    """Pays for resolving a leap and punishes a second leap the same way.

    A leap is resolved by stepping back to where it came from, or by a late leap the other way; an
    early leap the other way just cancels it. Until then it is pending, and a further leap in its
    own direction is punished.
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
        tokens, previous = melodies.tokens, melodies.previous_pitched
        interval = (tokens - previous) * (melodies.is_pitched & (previous > 0))
        leap = interval.sign() * (interval.abs() >= self.semitones)  # -1, 0 or +1
        moves = melodies.is_pitched & (leap == 0)
        # The state machine runs over time, so time comes first, in bytes.
        pending, returns = _pending_leaps(
            *(part.T.to(torch.int8).contiguous() for part in (tokens, previous, leap, moves))
        )
        meets = leap * pending.T  # -1: the other way, +1: the same way
        resolved = returns.T.bool() | ((meets == -1) & self._late(leap))
        return resolved, meets == 1

    def _late(self, leap: Tensor) -> Tensor:
        """(B, T) bool: True where more than `patience` steps lie between here and the last leap."""
        steps = torch.arange(leap.shape[1], device=leap.device)
        # The first step only sets the scene: without a leap, counting starts after it.
        last_leap = delayed((steps * (leap != 0)).cummax(dim=1).values)
        return steps - last_leap - 1 > self.patience


def _pending_leaps(
    tokens: Tensor, previous: Tensor, leap: Tensor, moves: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the state (direction pending, note leapt from) over all steps.

    Args:
        tokens: (T, B) int8.
        previous: (T, B) int8, the last pitched token before each step.
        leap: (T, B) int8, the direction of the leap made here, or 0.
        moves: (T, B) int8, 1 where a note starts without a leap.

    Returns:
        two (T, B) int8: the direction pending before each step, and 1 where a note that is no
        leap comes back to (or passes) the note leapt from.
    """
    pending_before, returns = torch.zeros_like(leap), torch.zeros_like(leap)
    pending, leapt_from = torch.zeros_like(leap[0]), torch.zeros_like(leap[0])  # (B,)
    for t in range(len(tokens)):
        pending_before[t] = pending
        # Beyond the start when positive; compared with |pending| so that 0 is never a return.
        beyond = (tokens[t] - leapt_from) * pending
        returns[t] = (beyond < pending.abs()) * moves[t]
        leapt_from = torch.where(pending == 0, previous[t], leapt_from)
        # A leap starts one when none is pending, keeps one of its own direction, cancels the other.
        pending = (pending + leap[t]).clamp(-1, 1) * (1 - returns[t])
    return pending_before, returns
