"""Rows of the toy problem: shares of tokens and one quotient, for aims with a known optimum."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sequence_tutor.domain.rows import (
    SHARE,
    SHARE_OF_STEPS,
    Counts,
    RowRange,
    StepCounts,
    decided,
    steps_having,
)
from sequence_tutor.sequences import SequenceBatch


class ToyRows:
    """What can be counted in sequences of few tokens. Satisfies `domain.rows.RowsByStep`.

    - `token_K`: the share of steps that are token K.
    - `starts_with_K`: the share of sequences that begin with it.
    - `repeats_of_0`: of the 0s that something follows, the share that a 0 follows; a quotient
      whose denominator differs from sequence to sequence.

    Args:
        vocab_size: V.
    """

    def __init__(self, vocab_size: int) -> None:
        self._tokens = range(vocab_size)

    def ranges(self) -> Mapping[str, RowRange]:
        """Shares all."""
        return {
            **{f"token_{token}": SHARE_OF_STEPS for token in self._tokens},
            **{f"starts_with_{token}": SHARE for token in self._tokens},
            "repeats_of_0": SHARE_OF_STEPS,
        }

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """Counts of every row."""
        return {name: one.sums for name, one in self.steps(batch, terms).items()}

    def steps(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, StepCounts]:
        """Where they count."""
        tokens, mask = batch.tokens, batch.mask
        first, follows = torch.zeros_like(mask), torch.zeros_like(mask)  # (B, T)
        first[:, 0] = True
        zero = (tokens == 0) & mask
        follows[:, 1:] = zero[:, :-1] & mask[:, 1:]
        return {
            **{f"token_{token}": steps_having(tokens == token, mask) for token in self._tokens},
            **{f"starts_with_{k}": decided(tokens[:, 0] == k, first) for k in self._tokens},
            "repeats_of_0": steps_having(zero, follows),
        }
