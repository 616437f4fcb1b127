"""A batch of lines as terms and user rules see it."""

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

    A user's rule returns (B, T) numbers; one that judges whole lines, such as a classifier, gives
    `at_end` one number a line::

        def polite(texts):
            return texts.at_end([model.score(line) for line in texts.lines])

    Attributes:
        batch: the tokens; an end token is the last of its line.
        vocabulary: of the tokens.
    """

    batch: SequenceBatch
    vocabulary: TextVocabulary

    @property
    def tokens(self) -> Tensor:
        """(B, T) int64."""
        return self.batch.tokens

    @property
    def lengths(self) -> Tensor:
        """(B,) int64: tokens of each line, including the end token."""
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
        """(B,) bool: whether a line has an end token; otherwise it was cut at the most tokens."""
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
        """The token that contains a line's character number `characters`."""
        ends = self.vocabulary.ends(self.rows[row])
        return min(bisect_left(ends, characters), len(ends) - 1)
