"""Rows of the toy problem: shares of tokens and one quotient, for aims with a known optimum."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sequence_tutor.domain.rows import SHARE, SHARE_OF_STEPS, Counts, RowRange, having, ratio
from sequence_tutor.sequences import SequenceBatch


class ToyRows:
    """What can be counted in sequences of few tokens. Satisfies `domain.rows.Rows`.

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
        tokens, mask = batch.tokens, batch.mask
        zero = (tokens == 0) & mask  # (B, T)
        followed = zero[:, :-1] & mask[:, 1:]
        steps = {
            f"token_{token}": ratio(((tokens == token) & mask).sum(1), batch.lengths)
            for token in self._tokens
        }
        starts = {f"starts_with_{token}": having(tokens[:, 0] == token) for token in self._tokens}
        again = ratio((followed & zero[:, 1:]).sum(1), followed.sum(1))
        return {**steps, **starts, "repeats_of_0": again}
