"""Texts: a batch as terms and a user's rules see it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.vocabulary import TextVocabulary


@dataclass(frozen=True)
class TextView:
    """B lines of up to T tokens, as tensors and as text.

    A rule of one's own gives (B, T) numbers; one that judges whole lines, such as a classifier,
    gives `at_end` one number a line::

        def polite(texts):
            return texts.at_end([model.score(line) for line in texts.lines])

    Attributes:
        batch: the tokens; the end token, where there is one, is a line's last.
        vocabulary: what they mean.
    """

    batch: SequenceBatch
    vocabulary: TextVocabulary

    @property
    def tokens(self) -> Tensor:
        """(B, T) int64."""
        return self.batch.tokens

    @property
    def lengths(self) -> Tensor:
        """(B,) int64: tokens of each line, the end token included."""
        return self.batch.lengths

    @cached_property
    def rows(self) -> list[list[int]]:
        """The tokens of each line as a list."""
        return self.batch.to_lists()

    @cached_property
    def lines(self) -> list[str]:
        """The text of each line, finished or not."""
        return [self.vocabulary.decode(row) for row in self.rows]

    @cached_property
    def finished(self) -> Tensor:
        """(B,) bool: whether a line has an end token; without one it was cut at the most tokens."""
        last = self.tokens.gather(1, self.lengths[:, None] - 1).squeeze(1)
        return last == self.vocabulary.end_token

    def to(self, device: str) -> TextView:
        """The same lines on another device."""
        if self.tokens.device == torch.device(device):
            return self
        return TextView(self.batch.to(device), self.vocabulary)

    def at_end(self, values: Tensor | Sequence[float]) -> Tensor:
        """One number a line, (B,), as a reward of its last token: (B, T) float64."""
        given = torch.as_tensor(values, dtype=torch.float64, device=self.tokens.device)
        if given.shape != self.lengths.shape:
            raise ValueError(
                f"at_end was given shape {tuple(given.shape)}, expected one number for each of "
                f"{len(self.lengths)} lines"
            )
        return self.nothing().scatter(1, self.lengths[:, None] - 1, given[:, None])

    def nothing(self) -> Tensor:
        """(B, T) float64 zeros, for a term to write into."""
        return torch.zeros(self.tokens.shape, dtype=torch.float64, device=self.tokens.device)

    def token_at(self, row: int, characters: int) -> int:
        """The token of a line by which so many of its characters are written."""
        ends = self.vocabulary.ends(self.rows[row])
        return min(bisect_left(ends, characters), len(ends) - 1)
