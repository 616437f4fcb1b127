"""One peak and one valley."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies


class UniqueExtrema(Rule):
    """Pays at the last step if the highest token comes once, and if the lowest note does."""

    name: ClassVar[str] = "unique_extrema"
    highest: float = Field(3.0, ge=0, description="paid for a highest token that comes once")
    lowest: float = Field(3.0, ge=0, description="paid for a lowest note that comes once")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        unique_max, unique_min = unique_extrema(melodies)
        amount = self.highest * unique_max.double() + self.lowest * unique_min.double()
        paid = torch.zeros_like(melodies.tokens, dtype=torch.float64)
        return paid.scatter_(1, melodies.lengths[:, None] - 1, amount[:, None])


def unique_extrema(melodies: Melodies) -> tuple[Tensor, Tensor]:
    """Two (B,) bool: does the largest token come once, and does the lowest pitched token?

    The largest token is sought among all of them, the lowest among the notes alone, so a melody
    without notes has no unique lowest one.
    """
    tokens = melodies.small_tokens
    for_max = torch.where(melodies.mask, tokens, -1)
    for_min = torch.where(melodies.mask & melodies.is_pitched, tokens, VOCAB_SIZE)
    lowest = for_min.amin(dim=1, keepdim=True)
    once_max = (for_max == for_max.amax(dim=1, keepdim=True)).sum(dim=1) == 1
    once_min = ((for_min == lowest) & (lowest < VOCAB_SIZE)).sum(dim=1) == 1
    return once_max, once_min
