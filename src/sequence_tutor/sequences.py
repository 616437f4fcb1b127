"""Batches of token sequences of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class SequenceBatch:
    """B token sequences, padded with zeros to a common length T.

    Attributes:
        tokens: (B, T) int64; entries at or after a row's length are 0 and mean nothing.
        lengths: (B,) int64, each from 1 to T.
    """

    tokens: Tensor
    lengths: Tensor

    def __post_init__(self) -> None:
        """Check ranks and types."""
        if self.tokens.dim() != 2 or self.tokens.dtype != torch.int64:
            raise ValueError(
                f"tokens must be (B, T) int64, got {tuple(self.tokens.shape)} {self.tokens.dtype}"
            )
        if self.lengths.shape != self.tokens.shape[:1] or self.lengths.dtype != torch.int64:
            raise ValueError(
                f"lengths must be (B,) int64 with B = {len(self.tokens)}, "
                f"got {tuple(self.lengths.shape)} {self.lengths.dtype}"
            )

    @classmethod
    def full(cls, tokens: Tensor) -> SequenceBatch:
        """A batch in which every row has the full length T."""
        return cls(tokens, tokens.new_full((tokens.shape[0],), tokens.shape[1]))

    @classmethod
    def from_lists(cls, sequences: Sequence[Sequence[int]]) -> SequenceBatch:
        """Pad lists of tokens of any lengths into one batch."""
        lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.int64)
        tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64)
        for row, sequence in zip(tokens, sequences, strict=True):
            row[: len(sequence)] = torch.tensor(sequence, dtype=torch.int64)
        return cls(tokens, lengths)

    def __len__(self) -> int:
        return self.tokens.shape[0]

    @property
    def mask(self) -> Tensor:
        """(B, T) bool: True where a token belongs to its sequence."""
        steps = torch.arange(self.tokens.shape[1], device=self.tokens.device)
        return steps < self.lengths[:, None]  # (B, T)

    def mask_after(self, given: int) -> Tensor:
        """(B, T) bool: True where a token belongs to its sequence and is none of the first given.

        Args:
            given: tokens that each sequence began with, which were not chosen.
        """
        mask = self.mask
        mask[:, :given] = False
        return mask

    @property
    def trimmed(self) -> SequenceBatch:
        """The same batch without the steps that no sequence reaches."""
        return SequenceBatch(self.tokens[:, : int(self.lengths.max())], self.lengths)

    @property
    def last(self) -> Tensor:
        """(B, T) bool: True at the last token of each sequence."""
        steps = torch.arange(self.tokens.shape[1], device=self.tokens.device)
        return steps == self.lengths[:, None] - 1

    def __getitem__(self, rows: Tensor | slice) -> SequenceBatch:
        return SequenceBatch(self.tokens[rows], self.lengths[rows])

    def __add__(self, other: SequenceBatch) -> SequenceBatch:
        """Both, one after the other, padded to the longer T."""
        longest = max(self.tokens.shape[1], other.tokens.shape[1])
        tokens = [F.pad(one.tokens, (0, longest - one.tokens.shape[1])) for one in (self, other)]
        return SequenceBatch(torch.cat(tokens), torch.cat([self.lengths, other.lengths]))

    def to(self, device: torch.device | str) -> SequenceBatch:
        """The same batch on another device."""
        return SequenceBatch(self.tokens.to(device), self.lengths.to(device))

    def to_lists(self) -> list[list[int]]:
        """Rows as lists of ints, each cut to its own length."""
        return [
            row[:length]
            for row, length in zip(self.tokens.tolist(), self.lengths.tolist(), strict=True)
        ]
