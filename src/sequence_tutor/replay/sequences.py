"""A ring of whole sequences with their rewards kept term by term.

Whole sequences, not transitions: a recurrent state is computed again from the start whenever a
sequence is learned from, so nothing stored can go stale. Rewards are stored unscaled, so that new
weights or a new c need no new scoring.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class Stored:
    """Sequences read back from replay.

    Attributes:
        batch: the sequences.
        terms: (B, T, R) float32, unscaled.
    """

    batch: SequenceBatch
    terms: Tensor


class SequenceReplay:
    """The last `capacity` sequences; the oldest are overwritten.

    Args:
        capacity: N, most sequences kept.
        length: T.
        terms: R, number of reward terms.
        device: where the store lives.
    """

    def __init__(self, capacity: int, length: int, terms: int, device: torch.device) -> None:
        self.capacity = capacity
        self._tokens = torch.zeros(capacity, length, dtype=torch.int16, device=device)
        self._lengths = torch.zeros(capacity, dtype=torch.int16, device=device)
        self._terms = torch.zeros(capacity, length, terms, device=device)
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self.capacity)

    def add(self, batch: SequenceBatch, terms: Tensor) -> None:
        """Store B sequences and their terms (B, T, R)."""
        if len(batch) > self.capacity:
            raise ValueError(f"{len(batch)} sequences at once, but replay holds {self.capacity}")
        places = (
            self._added + torch.arange(len(batch), device=self._tokens.device)
        ) % self.capacity
        self._tokens[places] = batch.tokens.to(torch.int16)
        self._lengths[places] = batch.lengths.to(torch.int16)
        self._terms[places] = terms.to(self._terms.dtype)
        self._added += len(batch)

    def newest(self, count: int) -> Tensor:
        """(count,) places of the sequences added last."""
        count = min(count, len(self))
        last = self._added - 1 - torch.arange(count, device=self._tokens.device)
        return last % self.capacity

    def read(self, places: Tensor) -> Stored:
        """The sequences at `places` (B,)."""
        batch = SequenceBatch(self._tokens[places].long(), self._lengths[places].long())
        return Stored(batch, self._terms[places])

    def returns(self, weights: Tensor) -> Tensor:
        """(len,) weighted reward of every stored sequence, weights (R,)."""
        return self._terms[: len(self)].sum(1) @ weights.to(self._terms.dtype)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to restore the store exactly."""
        used = len(self)
        return {
            "tokens": self._tokens[:used].contiguous(),
            "lengths": self._lengths[:used].contiguous(),
            "terms": self._terms[:used].contiguous(),
            "added": torch.tensor(self._added),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Put a saved store back."""
        used = len(state["tokens"])
        self._tokens[:used] = state["tokens"]
        self._lengths[:used] = state["lengths"]
        self._terms[:used] = state["terms"]
        self._added = int(state["added"])
