"""A store of whole sequences with their rewards kept term by term, and the prior's log p.

Whole sequences, not transitions: a recurrent state is computed again from the start whenever a
sequence is learned from, so nothing stored can go stale. Rewards are stored unscaled, so that new
weights or a new c need no new scoring. The prior is frozen, so that what it thinks of a token never
changes and is computed once, not at every update.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

Keep = Literal["newest", "best"]


@dataclass(frozen=True)
class Stored:
    """Sequences as replay keeps them.

    Attributes:
        batch: the sequences.
        terms: (B, T, R) float32, unscaled.
        log_prior: (B, T) float32, log p of each token.
    """

    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Stored:
        """Some of them."""
        return Stored(self.batch[rows], self.terms[rows], self.log_prior[rows])


class SequenceReplay:
    """At most `capacity` sequences.

    Args:
        capacity: N, most sequences kept.
        length: T.
        weights: (R,) of the reward's terms; they rank the sequences, the terms stay apart.
        keep: what a full store gives up for new sequences: the oldest ones ("newest"), or those of
            the lowest return ("best"), so that what is rare and good stays for the whole run.
        distinct: whether a sequence that is held already is not stored once more. Where the best
            is kept, copies of one good sequence would crowd out all others.
    """

    def __init__(
        self,
        capacity: int,
        length: int,
        weights: Tensor,
        keep: Keep = "newest",
        *,
        distinct: bool = False,
    ) -> None:
        device = weights.device
        self.capacity, self.length, self.keep, self.device = capacity, length, keep, device
        self._places: dict[tuple[int, ...], int] | None = {} if distinct else None
        self._weights = weights.float()
        # a language model has more tokens than int16 has numbers
        self._tokens = torch.zeros(capacity, length, dtype=torch.int32, device=device)
        self._lengths = torch.zeros(capacity, dtype=torch.int16, device=device)
        self._terms = torch.zeros(capacity, length, len(weights), device=device)
        self._log_prior = torch.zeros(capacity, length, device=device)
        self._returns = torch.zeros(capacity, device=device)
        self._newest = torch.zeros(0, dtype=torch.int64, device=device)
        self._ranked: Tensor | None = None
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, self.capacity)

    def add(self, stored: Stored) -> Tensor:
        """Store B sequences of at most T tokens.

        Returns:
            (B,) the places they were written to; where only distinct sequences are stored, those
            that hold them now, each once.
        """
        count = len(stored.batch)
        if count > self.capacity:
            raise ValueError(f"{count} sequences at once, but replay holds {self.capacity}")
        if self._places is None:
            self._newest = self._write(stored)
        else:
            self._newest = self._write_new(self._places, stored)
        return self._newest

    def _write_new(self, known: dict[tuple[int, ...], int], stored: Stored) -> Tensor:
        """Store the sequences that are not `known`; the places of those of the batch now held.

        One that was known but had to make room for the others is held no longer.
        """
        keys = [tuple(row) for row in stored.batch.to_lists()]
        new = {key: row for row, key in enumerate(keys) if key not in known}
        rows = torch.tensor(list(new.values()), dtype=torch.int64, device=self.device)
        places = self._write(stored[rows]).tolist()
        overwritten = set(places)
        for key in [key for key, place in known.items() if place in overwritten]:
            del known[key]
        known.update(zip(new, places, strict=True))
        held = {known[key] for key in keys if key in known}
        return torch.tensor(sorted(held), dtype=torch.int64, device=self.device)

    def _write(self, stored: Stored) -> Tensor:
        """Store all of them; the places (B,)."""
        batch, terms = stored.batch, stored.terms.to(self._terms)
        places = self._places_for(len(batch))
        missing = self.length - batch.tokens.shape[1]
        self._tokens[places] = F.pad(batch.tokens.to(self._tokens), (0, missing))
        self._lengths[places] = batch.lengths.to(self._lengths)
        self._terms[places] = F.pad(terms, (0, 0, 0, missing))
        self._log_prior[places] = F.pad(stored.log_prior.to(self._log_prior), (0, missing))
        self._returns[places] = terms.sum(1) @ self._weights
        self._added, self._ranked = self._added + len(batch), None
        return places

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

    def lengths(self, places: Tensor) -> Tensor:
        """(B,) int64: tokens of the sequences at `places` (B,)."""
        return self._lengths[places].long()

    def read(self, places: Tensor) -> Stored:
        """The sequences at `places` (B,), cut to the longest of them."""
        lengths = self.lengths(places)
        longest = int(lengths.max())
        tokens = self._tokens[:, :longest][places].long()
        return Stored(
            SequenceBatch(tokens, lengths),
            self._terms[:, :longest][places],
            self._log_prior[:, :longest][places],
        )

    def reweigh(self, weights: Tensor) -> None:
        """Rank by new weights (R,) of the terms, which were kept apart for this."""
        self._weights = weights.to(self._weights)
        used = len(self)
        self._returns[:used] = self._terms[:used].sum(1) @ self._weights
        self._ranked = None

    def state(self) -> dict[str, Tensor]:
        """Everything needed to restore the store exactly; views of it, to be saved at once."""
        used = len(self)
        return {
            "tokens": self._tokens[:used],
            "lengths": self._lengths[:used],
            "terms": self._terms[:used],
            "log_prior": self._log_prior[:used],
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
        self._log_prior[:used] = state["log_prior"].to(self._log_prior)
        self._returns[:used] = state["returns"].to(self._returns)
        self._newest = state["newest"].to(self._newest)
        self._added, self._ranked = int(state["added"]), None
        if self._places is not None:
            rows = self.read(torch.arange(used, device=self.device)).batch.to_lists()
            self._places = {tuple(row): place for place, row in enumerate(rows)}
