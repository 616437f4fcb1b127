"""What a rule is, and a batch of melodies with the tensors that several rules share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, VOCAB_SIZE
from sequence_tutor.melody.scales import C_MAJOR, Key
from sequence_tutor.sequences import SequenceBatch

NO_PITCH = 0
"""Marks the absence of a pitched token; pitched tokens start at 2."""

TOKEN_BITS = (VOCAB_SIZE - 1).bit_length()


@dataclass(frozen=True)
class Melodies:
    """B melodies of up to T sixteenths, and tensors derived from them.

    Rules share these tensors and must not write into them. Values beyond a melody's length are
    meaningless; `zero_beyond` clears a rule's result there.

    Attributes:
        batch: the tokens; padding comes after the melodies, so that no step depends on it.
        key: the key the rules judge in.
    """

    batch: SequenceBatch
    key: Key = C_MAJOR

    def __post_init__(self) -> None:
        """Refuse tokens outside the vocabulary."""
        tokens = self.batch.tokens
        outside = (tokens < 0) | (tokens >= VOCAB_SIZE)
        if outside.any():
            row, step = outside.nonzero()[0].tolist()
            raise UserError(
                f"melody {row + 1} has token {int(tokens[row, step])} at step {step + 1}, "
                f"expected 0..{VOCAB_SIZE - 1}"
            )

    @property
    def tokens(self) -> Tensor:
        """(B, T) int64."""
        return self.batch.tokens

    @property
    def lengths(self) -> Tensor:
        """(B,) int64: N, the number of steps of each melody."""
        return self.batch.lengths

    def to(self, device: str) -> Melodies:
        """The same melodies on another device."""
        if self.tokens.device == torch.device(device):
            return self
        return Melodies(self.batch.to(device), self.key)

    @cached_property
    def mask(self) -> Tensor:
        """(B, T) bool: True where a step belongs to its melody."""
        return self.batch.mask

    @cached_property
    def small_tokens(self) -> Tensor:
        """(B, T) int8: the tokens in an eighth of the memory."""
        return self.tokens.to(torch.int8)

    @cached_property
    def is_pitched(self) -> Tensor:
        """(B, T) bool: True where a note starts."""
        return self.tokens >= FIRST_NOTE

    @cached_property
    def previous_pitched(self) -> Tensor:
        """(B, T) int64: the last pitched token before each step, or `NO_PITCH`."""
        return delayed(self._latest(self.is_pitched))

    @cached_property
    def sounding(self) -> Tensor:
        """(B, T) int64: the pitch that sounds at each step, or `NO_PITCH`: silence."""
        return self._latest(self.tokens != HOLD)

    def _latest(self, events: Tensor) -> Tensor:
        """(B, T) int64: the token of the last event at or before each step; 0: there was none.

        Args:
            events: (B, T) bool.
        """
        steps = torch.arange(self.tokens.shape[1], device=self.tokens.device)
        # The step stands above the token's bits, so that the running maximum is the latest event.
        stamped = ((steps << TOKEN_BITS) + self.tokens) * events  # (B, T)
        return stamped.cummax(dim=1).values & ((1 << TOKEN_BITS) - 1)

    @cached_property
    def _distinct_by_window(self) -> dict[int, Tensor]:
        return {}

    def distinct_pitched(self, window: int) -> Tensor:
        """(B, T) int64: how many distinct pitched tokens the last `window` steps hold.

        Steps before the first full window give 0.
        """
        if window not in self._distinct_by_window:
            self._distinct_by_window[window] = self._count_distinct(window)
        return self._distinct_by_window[window]

    def _count_distinct(self, window: int) -> Tensor:
        """Unite one bit a pitch over the window, by doubling its width, and count the bits set."""
        count = torch.zeros_like(self.tokens)
        steps = self.tokens.shape[1] - window + 1  # full windows
        if steps <= 0:
            return count
        seen = self.is_pitched << self.tokens  # (B, T), 36 of the bits
        width = 1
        while width < window:
            # Windows may overlap: uniting a pitch with itself changes nothing.
            shift = min(width, window - width)
            seen = seen[:, shift:] | seen[:, :-shift]  # windows of width + shift
            width += shift
        count[:, window - 1 :] = count_bits(seen)
        return count

    def zero_beyond(self, values: Tensor) -> Tensor:
        """(B, T): `values` with 0 where a melody has ended."""
        return values if self._all_full else values.masked_fill(~self.mask, 0)

    @cached_property
    def _all_full(self) -> bool:
        return bool((self.lengths == self.tokens.shape[1]).all())


def delayed(values: Tensor) -> Tensor:
    """(B, T): each step's value one step later; 0 at the first step."""
    later = torch.zeros_like(values)
    later[:, 1:] = values[:, :-1]
    return later


def count_bits(words: Tensor) -> Tensor:
    """How many bits are set in each non-negative int64: sums of pairs, nibbles, then bytes."""
    pairs = words - ((words >> 1) & 0x5555555555555555)
    nibbles = (pairs & 0x3333333333333333) + ((pairs >> 2) & 0x3333333333333333)
    octets = (nibbles + (nibbles >> 4)) & 0x0F0F0F0F0F0F0F0F
    octets = octets + (octets >> 8)
    octets = octets + (octets >> 16)
    return (octets + (octets >> 32)) & 0x7F


class Rule(Settings, ABC):
    """One rule: constants as fields, and the reward it pays at every step.

    Source of the nine rules: Jaques et al., Sequence Tutor (arXiv:1611.02796), section 5, and the
    program published with it, whose values they reproduce with their default constants.
    """

    name: ClassVar[str]

    @abstractmethod
    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64: the reward of each step; 0 beyond each melody's length."""
