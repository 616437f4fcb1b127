"""All sequences of a small space, and tables over all of their prefixes.

The code of a prefix of t tokens is the integer that its tokens form as digits in base V. Level t
of a table has a row for each prefix of t tokens and a column for each next token, (V^t, V). Read
row by row, entry (s, a) is the entry of prefix s a, so a reshape turns a level into the rows of the
next one. All levels together have fewer than 2 V^T entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

Levels = tuple[Tensor, ...]
"""T float64 tensors, level t of shape (V^t, V)."""

MOST_SEQUENCES = 2**22
"""Larger spaces are refused: their tables do not fit a small machine."""


@dataclass(frozen=True)
class SequenceSpace:
    """Every sequence of at most `length` tokens over a vocabulary.

    Attributes:
        vocab_size: V.
        length: T, the most tokens of a sequence.
        end_token: the token that ends a sequence and belongs to it; None: all have T tokens.

    Raises:
        ValueError: the space is empty or has more than `MOST_SEQUENCES`.
    """

    vocab_size: int
    length: int
    end_token: int | None = None

    def __post_init__(self) -> None:
        """Refuse a space that cannot be enumerated."""
        if self.vocab_size < 1 or self.length < 1:
            raise ValueError(
                f"vocab_size and length must be at least 1, got {self.vocab_size}, {self.length}"
            )
        if self.vocab_size**self.length > MOST_SEQUENCES:
            raise ValueError(
                f"{self.vocab_size}^{self.length} sequences are too many to enumerate; "
                f"at most {MOST_SEQUENCES}"
            )

    def log_policy(
        self, sequence_log_probs: Callable[[Tensor], Tensor], batch_size: int = 16384
    ) -> Levels:
        """Log pi(.|s) of a prior or policy at every prefix.

        After the end token a sequence continues with zeros, with probability 1, so that the V^T
        codes have one distribution whatever the lengths of sequences.

        Args:
            sequence_log_probs: tokens (B, T) -> (B, T, V), as of a `Prior`.
            batch_size: B at most.
        """
        certain = torch.full((self.vocab_size,), -torch.inf, dtype=torch.float64)
        certain[0] = 0.0
        return self._states(sequence_log_probs, certain, batch_size)

    def action_values(self, values: Callable[[Tensor], Tensor], batch_size: int = 16384) -> Levels:
        """A learner's action values at every prefix; zero after the end token.

        Args:
            values: tokens (B, T) -> (B, T, V).
            batch_size: B at most.
        """
        zero = torch.zeros(self.vocab_size, dtype=torch.float64)
        return self._states(values, zero, batch_size)

    def rewards(self, reward: Callable[[SequenceBatch], Tensor], batch_size: int = 16384) -> Levels:
        """Payment of each token after each prefix; zero after the end token.

        Args:
            reward: a batch of B sequences -> (B, T), the total per token.
            batch_size: B at most.

        Raises:
            ValueError: the payment of a token depends on later tokens, so it is not a reward of a
                state and an action.
        """
        levels = self._empty()
        for codes in self._codes(self.length, batch_size):
            batch = cut_at_end(_tokens(codes, self.vocab_size, self.length), self.end_token)
            paid = reward(batch).detach().cpu().double().where(batch.mask, 0.0)
            for t, level in enumerate(levels):
                stride = self.vocab_size ** (self.length - 1 - t)
                # codes ascend, so the first sequence of a prefix is met before its others
                first = codes % stride == 0
                level.view(-1)[codes[first] // stride] = paid[first, t]
                if not torch.allclose(level.view(-1)[codes // stride], paid[:, t]):
                    raise ValueError(f"the reward at step {t} depends on tokens after it")
        return levels

    def _states(
        self, function: Callable[[Tensor], Tensor], ended: Tensor, batch_size: int
    ) -> Levels:
        """(B, T) -> (B, T, V) at every prefix; rows of prefixes that have ended become `ended`."""
        levels = self._empty()
        depth = self.length - 1  # the last token influences no entry
        for codes in self._codes(depth, batch_size):
            tokens = torch.nn.functional.pad(_tokens(codes, self.vocab_size, depth), (0, 1))
            with torch.no_grad():
                values = function(tokens).cpu().double()  # (B, T, V)
            for t, level in enumerate(levels):
                stride = self.vocab_size ** (depth - t)
                first = codes % stride == 0
                level[codes[first] // stride] = values[first, t]
        for level, has_ended in zip(levels, self._ended(), strict=True):
            level[has_ended] = ended
        return levels

    def _ended(self) -> Iterator[Tensor]:
        """(V^t,) bool for each level: whether the prefix contains the end token."""
        has_ended = torch.zeros(1, dtype=torch.bool)
        is_end = torch.arange(self.vocab_size) == (-1 if self.end_token is None else self.end_token)
        for _ in range(self.length):
            yield has_ended
            has_ended = (has_ended[:, None] | is_end).flatten()

    def _empty(self) -> Levels:
        sizes = [self.vocab_size**t for t in range(self.length)]
        return tuple(torch.zeros(n, self.vocab_size, dtype=torch.float64) for n in sizes)

    def _codes(self, length: int, batch_size: int) -> Iterator[Tensor]:
        """The codes of all sequences of `length` tokens, ascending."""
        count = self.vocab_size**length
        for begin in range(0, count, batch_size):
            yield torch.arange(begin, min(begin + batch_size, count))


def enumerate_sequences(
    vocab_size: int, length: int, end_token: int | None = None
) -> SequenceBatch:
    """Every sequence of a space once, in the order of their codes.

    Without an end token row n is the sequence of code n, and there are V^T.

    Args:
        vocab_size: V.
        length: T.
        end_token: the token that ends a sequence and belongs to it.
    """
    space = SequenceSpace(vocab_size, length, end_token)
    tokens = _tokens(torch.arange(vocab_size**length), vocab_size, length)
    batch = cut_at_end(tokens, space.end_token)
    return batch[(batch.tokens == tokens).all(1)]  # of all that share a beginning, the padded one


def cut_at_end(tokens: Tensor, end_token: int | None) -> SequenceBatch:
    """Rows (B, T) cut after their first end token."""
    if end_token is None:
        return SequenceBatch.full(tokens)
    after = (tokens == end_token).cumsum(1)
    alive = torch.nn.functional.pad(after[:, :-1], (1, 0)) == 0  # (B, T)
    return SequenceBatch(tokens.where(alive, 0), alive.sum(1))


def along_sequences(levels: Levels) -> Tensor:
    """The sum of a table's entries along each of the V^T sequences, (V^T,) by code."""
    total = levels[0].new_zeros(1)
    for level in levels:
        total = (total[:, None] + level).flatten()  # (V^t, V) -> (V^(t+1),)
    return total


def _tokens(codes: Tensor, vocab_size: int, length: int) -> Tensor:
    """(N, T) digits in base V, the first token the highest."""
    powers = vocab_size ** torch.arange(length - 1, -1, -1)
    return codes[:, None] // powers % vocab_size
