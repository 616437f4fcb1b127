"""Sequences of any length as padded batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


class TokenSequences:
    """Sequences laid end to end in one tensor, so that a million of them cost no Python objects.

    Args:
        sequences: lists or arrays of tokens, none of them empty.
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        pieces = [torch.as_tensor(sequence, dtype=torch.int16) for sequence in sequences]
        self.lengths = torch.tensor([len(piece) for piece in pieces], dtype=torch.int64)
        self.tokens = torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int16)
        self.starts = self.lengths.cumsum(0) - self.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def digest(self) -> str:
        """A hash of every token and length, equal only for equal data."""
        content = self.lengths.numpy().tobytes() + self.tokens.numpy().tobytes()
        return hashlib.sha256(content).hexdigest()

    def rows(self) -> list[list[int]]:
        """Every sequence as a list."""
        return [piece.tolist() for piece in self.tokens.split(self.lengths.tolist())]

    def read(self, rows: Tensor, offsets: Tensor, window: int) -> SequenceBatch:
        """At most `window` tokens of each row from its offset on.

        Args:
            rows: (B,) which sequences.
            offsets: (B,) first token of each, less than its length.
            window: T at most.
        """
        lengths = (self.lengths[rows] - offsets).clamp(max=window)  # (B,)
        steps = torch.arange(int(lengths.max()))  # (T,)
        inside = steps < lengths[:, None]  # (B, T)
        places = torch.where(inside, (self.starts[rows] + offsets)[:, None] + steps, 0)
        tokens = torch.where(inside, self.tokens[places].long(), 0)
        return SequenceBatch(tokens, lengths)

    def batches(self, size: int, window: int) -> Iterator[SequenceBatch]:
        """Every sequence once, whole up to `window` tokens, longest first, `size` at a time."""
        order = self.lengths.argsort(descending=True, stable=True)
        for rows in order.split(size):
            yield self.read(rows, torch.zeros_like(rows), window)

    def random(
        self, size: int, window: int, crop: float, grid: int, generator: torch.Generator
    ) -> SequenceBatch:
        """A batch drawn with replacement, some of it starting at a later multiple of `grid`.

        Sequences are drawn in proportion to their length, so that every token is learned from
        equally often.
        """
        weights = self.lengths.double()
        draws = torch.rand(size, generator=generator, dtype=torch.float64) * weights.sum()
        rows = torch.searchsorted(weights.cumsum(0), draws, right=True).clamp(max=len(self) - 1)
        cropped = torch.rand(size, generator=generator) < crop
        places = (self.lengths[rows] - 1) // grid + 1  # a crop keeps at least one token
        chosen = (torch.rand(size, generator=generator) * places).long()
        return self.read(rows, torch.where(cropped, chosen * grid, 0), window)
