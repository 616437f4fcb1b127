"""Begin on the tonic and end on it."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import HOLD, NOTE_OFF
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies


class Tonic(Rule):
    """Pays for the tonic at the first step and at the start of the ending, and for letting it ring.

    The step after the ending's start must hold, the ones after that may hold or rest. A melody
    too short for an ending of its own is judged by its first step as a beginning.
    """

    name: ClassVar[str] = "tonic"
    amount: float = Field(3.0, ge=0, description="paid at each step that does what it should")
    ending: int = Field(4, ge=1, description="steps of the ending")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        tokens = melodies.tokens
        step = torch.arange(tokens.shape[1], device=tokens.device)
        into_ending = step - (melodies.lengths[:, None] - self.ending)  # (B, T)
        on_tonic = (step == 0) | (into_ending == 0)
        wanted = torch.where(
            on_tonic,
            tokens == melodies.key.tonic_token,
            ((into_ending == 1) & (tokens == HOLD))
            | ((into_ending > 1) & ((tokens == HOLD) | (tokens == NOTE_OFF))),
        )
        return melodies.zero_beyond(wanted.double() * self.amount)
