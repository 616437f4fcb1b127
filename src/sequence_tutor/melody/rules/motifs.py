"""Rules on motifs: several different notes within a bar, and their repetition."""

from __future__ import annotations

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.view import Melodies, Rule

DIGITS = 12
"""Tokens whose number in base 38 still fits int64."""


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
    window: int = Field(8, ge=2, le=64, description="steps of a motif; 16 are a bar of 4/4")
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

    Every window is a number in base 38, or several of `DIGITS` at most. Windows are compared one
    distance at a time, so that no tensor is larger than the batch.

    Args:
        tokens: (B, T) int64.
        window: w, steps.

    Returns:
        (B, max(T - w + 1, 0)) bool, one for each full window.
    """
    full = tokens.shape[1] - window + 1
    found = torch.zeros(len(tokens), max(full, 0), dtype=torch.bool, device=tokens.device)
    if full <= 0:
        return found
    codes = [
        window_codes(tokens[:, first : first + full + width - 1], width)
        for first in range(0, window, DIGITS)
        for width in [min(DIGITS, window - first)]
    ]
    for distance in range(window, full):
        equal = codes[0][:, distance:] == codes[0][:, :-distance]
        for code in codes[1:]:
            equal &= code[:, distance:] == code[:, :-distance]
        found[:, distance:] |= equal
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
