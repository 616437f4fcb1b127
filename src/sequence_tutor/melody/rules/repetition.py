"""Do not say the same thing again and again."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, NOTE_OFF
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies, delayed

BITS = 20
LOW = (1 << BITS) - 1
"""Three counts share one int64, 20 bits each: rests lowest, then holds, then notes."""


class Repetition(Rule):
    """Punishes a token that was repeated too often before it.

    The history is read backwards from a step. Tokens equal to the step's own are counted; rests
    and holds are remembered and passed over; a different note ends the reading. A token varied by
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
        is_rest = tokens == NOTE_OFF
        shift = tokens.clamp(max=FIRST_NOTE) * BITS
        repeated = (read >> shift) & LOW
        # Whatever is left beside the step's own count is a rest or a hold passed over.
        varied = read != repeated << shift
        allowed = torch.where(is_rest, self.rests, torch.where(varied, self.varied, self.plain))
        return repeated > allowed


def counts_read(melodies: Melodies) -> Tensor:
    """How many rests, holds and notes the backward reading meets before a different note.

    No scan is needed: a running count up to the step, less its value where the reading ends. The
    packed count never falls, so its value at the last note is a running maximum, and so is the
    one at the last note of another pitch.

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
