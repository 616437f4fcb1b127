"""A store of whole sequences with their rewards kept term by term.

Whole sequences, not transitions: a recurrent state is computed again from the start whenever a
sequence is learned from, so nothing stored can go stale. Rewards are stored unscaled, so that new
weights or a new c need no new scoring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

Keep = Literal["newest", "best"]


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
    """At most `capacity` sequences.

    Args:
        capacity: N, most sequences kept.
        length: T.
        weights: (R,) of the reward's terms; they rank the sequences, the terms stay apart.
        keep: what a full store gives up for new sequences: the oldest ones ("newest"), or those of
            the lowest return ("best"), so that what is rare and good stays for the whole run.
    """

    def __init__(self, capacity: int, length: int, weights: Tensor, keep: Keep = "newest") -> None:
        device = weights.device
        self.capacity, self.keep = capacity, keep
        self._weights = weights.float()
        self._tokens = torch.zeros(capacity, length, dtype=torch.int16, device=device)
        self._lengths = torch.zeros(capacity, dtype=torch.int16, device=device)
        self._terms = torch.zeros(capacity, length, len(weights), device=device)
        self._returns = torch.zeros(capacity, device=device)
        self._newest = torch.zeros(0, dtype=torch.int64, device=device)
        self._ranked: Tensor | None = None
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self.capacity)

    def add(self, batch: SequenceBatch, terms: Tensor) -> None:
        """Store B sequences and their terms (B, T, R)."""
        if len(batch) > self.capacity:
            raise ValueError(f"{len(batch)} sequences at once, but replay holds {self.capacity}")
        places = self._places_for(len(batch))
        terms = terms.to(self._terms.dtype)
        self._tokens[places] = batch.tokens.to(torch.int16)
        self._lengths[places] = batch.lengths.to(torch.int16)
        self._terms[places] = terms
        self._returns[places] = terms.sum(1) @ self._weights
        self._newest, self._ranked = places, None
        self._added += len(batch)

    def _places_for(self, count: int) -> Tensor:
        """(count,) places to write to: free ones first."""
        ring = self._added + torch.arange(count, device=self._tokens.device)
        if self.keep == "newest" or self._added + count <= self.capacity:
            return ring % self.capacity
        free = ring[ring < self.capacity]
        worst = self._returns[: len(self)].topk(count - len(free), largest=False, sorted=False)
        return torch.cat([free, worst.indices])

    def newest(self) -> Tensor:
        """(B,) places of the sequences that were added last."""
        return self._newest

    def ranked(self) -> Tensor:
        """(len,) all places, the best return first."""
        if self._ranked is None:
            self._ranked = self._returns[: len(self)].argsort(descending=True, stable=True)
        return self._ranked

    def read(self, places: Tensor) -> Stored:
        """The sequences at `places` (B,)."""
        batch = SequenceBatch(self._tokens[places].long(), self._lengths[places].long())
        return Stored(batch, self._terms[places])

    def state(self) -> dict[str, Tensor]:
        """Everything needed to restore the store exactly; views of it, to be saved at once."""
        used = len(self)
        return {
            "tokens": self._tokens[:used],
            "lengths": self._lengths[:used],
            "terms": self._terms[:used],
            "returns": self._returns[:used],
            "newest": self._newest,
            "added": torch.tensor(self._added),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Put a saved store back."""
        used = len(state["tokens"])
        self._tokens[:used] = state["tokens"].to(self._tokens)
        self._lengths[:used] = state["lengths"].to(self._lengths)
        self._terms[:used] = state["terms"].to(self._terms)
        self._returns[:used] = state["returns"].to(self._returns)
        self._newest = state["newest"].to(self._newest)
        self._added, self._ranked = int(state["added"]), None
