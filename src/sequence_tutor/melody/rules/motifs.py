"""Rules on motifs: several different notes within a bar, and their repetition."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.view import Melodies, Rule


class Motif(Rule):
    """Pays at every step whose last `window` steps hold enough distinct notes."""

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


class RepeatedMotif(Rule):
    """Pays at every step that completes a motif which occurred before, without overlap."""

    name: ClassVar[str] = "repeated_motif"
    amount: float = Field(4.0, ge=0, description="paid for a repeated motif")
    bonus: float = Field(1.0, ge=0, description="paid on top for each further distinct note")
    window: int = Field(8, ge=2, le=12, description="steps of a motif; 38**12 still fits int64")
    distinct: int = Field(3, ge=1, description="distinct notes that make a motif")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        extra = melodies.distinct_pitched(self.window) - self.distinct
        paid = (self.amount + self.bonus * extra.double()) * self.fires(melodies)
        return melodies.zero_beyond(paid)

    def fires(self, melodies: Melodies) -> Tensor:
        """(B, T) bool: True where the last `window` steps are a motif that occurred before."""
        fires = melodies.distinct_pitched(self.window) >= self.distinct
        fires[:, : self.window - 1] = False
        fires[:, self.window - 1 :] &= heard_before(melodies.tokens, self.window)
        return fires


def heard_before(tokens: Tensor, window: int) -> Tensor:
    """Whether the window that ends at a step occurs earlier, the two not overlapping.

    Every window is one number in base 38. Windows are compared one distance at a time, so that no
    tensor is larger than the batch.

    Args:
        tokens: (B, T) int64.
        window: w, at most 12 steps.

    Returns:
        (B, T - w + 1) bool, one for each full window.
    """
    code = window_codes(tokens, window)
    found = torch.zeros_like(code, dtype=torch.bool)
    for distance in range(window, code.shape[1]):
        found[:, distance:] |= code[:, distance:] == code[:, :-distance]
    return found


def window_codes(tokens: Tensor, window: int) -> Tensor:
    """(B, max(T - w + 1, 0)) int64: the tokens of each full window as digits of base 38.

    A window is composed of two halves, so that eight digits take three steps.
    """
    if window == 1:
        return tokens
    half = window // 2
    digits, base = window_codes(tokens, half), VOCAB_SIZE**half
    code: Tensor = digits[:, :-half] * base + digits[:, half:]
    return code if window % 2 == 0 else code[:, :-1] * VOCAB_SIZE + tokens[:, 2 * half :]
