"""Write motifs: several different notes within a bar."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.view import Melodies


class Motif(Rule):
    """Pays at every step whose last steps hold enough distinct notes."""

    name: ClassVar[str] = "motif"
    amount: float = Field(3.0, ge=0, description="paid for a motif")
    bonus: float = Field(0.3, ge=0, description="paid on top for each further distinct note")
    window: int = Field(8, ge=2, description="steps of a motif")
    distinct: int = Field(3, ge=1, description="distinct notes that make a motif")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        extra = melodies.distinct_pitched(self.window) - self.distinct
        paid = (self.amount + self.bonus * extra.double()) * (extra >= 0)
        return melodies.zero_beyond(paid)
