"""Many sequences of any lengths in one tensor, and padded batches of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

READ_AT_ONCE = 2**14
"""Sequences whose tokens are copied at a time when iterating over all."""


class TokenSequences:
    """Non-empty sequences concatenated in one tensor, without a Python object each."""

    def __init__(self, sequences: Sequence[Sequence[int] | NDArray[np.uint8]] = ()) -> None:
        pieces = [torch.as_tensor(sequence, dtype=torch.int16) for sequence in sequences]
        self.lengths = torch.tensor([len(piece) for piece in pieces], dtype=torch.int64)
        self.tokens = torch.cat(pieces) if pieces else torch.zeros(0, dtype=torch.int16)
        self.starts = self.lengths.cumsum(0) - self.lengths

    @classmethod
    def laid_out(
        cls, tokens: Tensor, lengths: Tensor, starts: Tensor | None = None
    ) -> TokenSequences:
        """Sequences that are already in one tensor, such as a file mapped into memory.

        Args:
            tokens: (N,) int16; nothing is copied.
            lengths: (S,) int64, none of them 0.
            starts: (S,) int64, indices of their first tokens; None: they are contiguous.
        """
        made = cls()
        made.tokens, made.lengths = tokens, lengths
        made.starts = lengths.cumsum(0) - lengths if starts is None else starts
        return made

    def select(self, rows: Tensor) -> TokenSequences:
        """Some of the sequences, by number or by mask, without copying tokens."""
        return self.laid_out(self.tokens, self.lengths[rows], self.starts[rows])

    def __len__(self) -> int:
        return len(self.lengths)

    def digest(self) -> str:
        """A hash of all tokens and lengths."""
        digest = hashlib.sha256(self.lengths.numpy().tobytes())
        for rows in torch.arange(len(self)).split(READ_AT_ONCE):
            digest.update(self._joined(rows).numpy().tobytes())
        return digest.hexdigest()

    def rows(self) -> list[list[int]]:
        """Every sequence as a list."""
        everything = self._joined(torch.arange(len(self)))
        return [piece.tolist() for piece in everything.split(self.lengths.tolist())]

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

    def _joined(self, rows: Tensor) -> Tensor:
        """(N,) the concatenated tokens of some sequences."""
        lengths = self.lengths[rows]
        ends = lengths.cumsum(0)
        places = torch.arange(int(lengths.sum()))
        return self.tokens[places + (self.starts[rows] - ends + lengths).repeat_interleave(lengths)]

    def batches(self, size: int, window: int) -> Iterator[SequenceBatch]:
        """Every sequence once, cut to `window` tokens, longest first, `size` at a time."""
        order = self.lengths.argsort(descending=True, stable=True)
        for rows in order.split(size):
            yield self.read(rows, torch.zeros_like(rows), window)

    def random(
        self, size: int, window: int, crop: float, grid: int, generator: torch.Generator
    ) -> SequenceBatch:
        """A batch drawn with replacement; a share `crop` starts at a random multiple of `grid`.

        Sequences are drawn in proportion to their length, so that every token is equally likely.
        """
        weights = self.lengths.double()
        draws = torch.rand(size, generator=generator, dtype=torch.float64) * weights.sum()
        rows = torch.searchsorted(weights.cumsum(0), draws, right=True).clamp(max=len(self) - 1)
        cropped = torch.rand(size, generator=generator) < crop
        places = (self.lengths[rows] - 1) // grid + 1  # a crop keeps at least one token
        chosen = (torch.rand(size, generator=generator) * places).long()
        return self.read(rows, torch.where(cropped, chosen * grid, 0), window)
