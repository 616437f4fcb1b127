"""Stay in the key."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies


class InKey(Rule):
    """Punishes every note outside the key; rests and holds are always inside."""

    name: ClassVar[str] = "key"
    amount: float = Field(-1.0, le=0, description="paid for a note outside the key")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        return melodies.zero_beyond(out_of_key(melodies).double() * self.amount)


def out_of_key(melodies: Melodies) -> Tensor:
    """(B, T) bool: True where a note outside the key starts."""
    outside = torch.ones(VOCAB_SIZE, dtype=torch.bool)
    outside[list(melodies.key.tokens)] = False
    return outside.to(melodies.tokens.device)[melodies.tokens]
