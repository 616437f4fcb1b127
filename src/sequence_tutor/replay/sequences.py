"""A store of whole sequences with their rewards kept term by term, and the prior's log p.

Whole sequences, not transitions: a recurrent state is computed again from the start whenever a
sequence is learned from, so nothing stored can go stale. Rewards are stored unscaled, so that new
weights or a new c need no new scoring. The prior is frozen, so that what it thinks of a token never
changes and is computed once, not at every update.

What is good comes first in a rank and, where the best are kept, stays. It is what has a high
return, or else what is likely under the optimum of KL-control, p(x) exp(R(x) / c) / Z, which is
ranked by

    R(x) + n sum_t log p(x_t | x_<t),

where n = c: what a nat of log p is worth in the unit of returns (see `count_prior`). A high return
alone ranks first what the prior hardly ever writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

Keep = Literal["newest", "best"]
RankBy = Literal["return", "optimum"]


@dataclass(frozen=True)
class Stored:
    """Sequences as replay keeps them.

    Attributes:
        batch: the sequences.
        terms: (B, T, R) float32, unscaled.
        log_prior: (B, T) float32, log p of each token.
        counts: (B, M), what the rows that are aimed at count on each sequence; None: no aims.
    """

    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor
    counts: Tensor | None = None

    def __getitem__(self, rows: Tensor | slice) -> Stored:
        """Some of them."""
        counts = None if self.counts is None else self.counts[rows]
        return Stored(self.batch[rows], self.terms[rows], self.log_prior[rows], counts)


class SequenceReplay:
    """At most `capacity` sequences.

    Args:
        capacity: N, most sequences kept.
        length: T.
        weights: (R,) of the reward's terms; they rank the sequences, the terms stay apart.
        keep: what a full store gives up for new sequences: the oldest ones ("newest"), or those of
            the lowest rank ("best"), so that what is rare and good stays for the whole run.
        counts: M, numbers that aims count on each sequence; `pay` says what they are worth.
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
        counts: int = 0,
    ) -> None:
        device = weights.device
        self.capacity, self.length, self.keep, self.device = capacity, length, keep, device
        self._places: dict[tuple[int, ...], int] | None = {} if distinct else None
        self._weights, self._worth = weights.float(), 0.0  # of the terms; of a nat of log p
        # a language model has more tokens than int16 has numbers
        self._tokens = torch.zeros(capacity, length, dtype=torch.int32, device=device)
        self._lengths = torch.zeros(capacity, dtype=torch.int16, device=device)
        self._terms = torch.zeros(capacity, length, len(weights), device=device)
        self._log_prior = torch.zeros(capacity, length, device=device)
        self._counts = torch.zeros(capacity, counts, device=device)
        self._count_weights = torch.zeros(counts, device=device)
        self._earned = torch.zeros(capacity if counts else 0, device=device)  # by the terms alone
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
        if stored.counts is not None:
            counts = stored.counts.to(self._counts)
            self._counts[places], self._earned[places] = counts, self._returns[places]
            self._returns[places] += counts @ self._count_weights
        self._added, self._ranked = self._added + len(batch), None
        return places

    def _places_for(self, count: int) -> Tensor:
        """(count,) places to write to: free ones first."""
        ring = self._added + torch.arange(count, device=self._tokens.device)
        if self.keep == "newest" or self._added + count <= self.capacity:
            return ring % self.capacity
        free = ring[: max(0, self.capacity - self._added)]
        worst = self._merits().topk(count - len(free), largest=False, sorted=False)
        return torch.cat([free, worst.indices])

    def kept(self, stored: Stored) -> Stored:
        """Sequences as they would be read again, without storing them."""
        counts = None if stored.counts is None else stored.counts.to(self._counts)
        return Stored(
            stored.batch,
            stored.terms.to(self._terms),
            stored.log_prior.to(self._log_prior),
            counts,
        )

    def newest(self) -> Tensor:
        """(B,) places of the sequences that were added last."""
        return self._newest

    def ranked(self) -> Tensor:
        """(len,) all places, the best first."""
        if self._ranked is None:
            self._ranked = self._merits().argsort(descending=True, stable=True)
        return self._ranked

    def _merits(self) -> Tensor:
        """(len,) what is good has much of."""
        used = len(self)
        if not self._worth:
            return self._returns[:used]
        written = torch.arange(self.length, device=self.device) < self._lengths[:used, None]
        log_p = self._log_prior[:used].where(written, 0.0).sum(1)
        return self._returns[:used] + self._worth * log_p

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
            self._counts[places] if self._counts.shape[1] else None,
        )

    def reweigh(self, weights: Tensor) -> None:
        """Rank by new weights (R,) of the terms, which were kept apart for this."""
        self._weights = weights.to(self._weights)
        used = len(self)
        self._returns[:used] = self._terms[:used].sum(1) @ self._weights
        if self._counts.shape[1]:
            self._earned[:used] = self._returns[:used]
            self._returns[:used] += self._counts[:used] @ self._count_weights
        self._ranked = None

    def rescore(
        self, scored: Callable[[SequenceBatch, Tensor], Tensor], chunk: int = 1024
    ) -> Iterator[int]:
        """Replace what the terms pay, a part of the store at a time; `reweigh` afterwards.

        Args:
            scored: B sequences and what they were paid, (B, T, R) -> (B, T, R).
            chunk: most sequences at a time.

        Yields:
            How many are done.
        """
        for places in torch.arange(len(self), device=self.device).split(chunk):
            stored = self.read(places)
            terms = scored(stored.batch, stored.terms).to(self._terms)
            self._terms[places, : terms.shape[1]] = terms
            yield int(places[-1]) + 1

    def pay(self, weights: Tensor) -> None:
        """Rank by what aims pay now, too.

        Args:
            weights: (M,) worth of a unit of each count, in the unit of the returns.
        """
        self._count_weights = weights.to(self._counts)
        used = len(self)
        self._returns[:used] = self._earned[:used] + self._counts[:used] @ self._count_weights
        self._ranked = None

    def count_prior(self, worth: float) -> None:
        """Rank by log p of whole sequences, too.

        Args:
            worth: n, of a nat of it in the unit of the returns; 0: returns alone count.
        """
        self._worth, self._ranked = worth, None

    def state(self) -> dict[str, Tensor]:
        """Everything needed to restore the store exactly; views of it, to be saved at once."""
        used = len(self)
        of_aims = {
            "counts": self._counts[:used],
            "earned": self._earned[:used],
            "count_weights": self._count_weights,
        }
        return {
            "tokens": self._tokens[:used],
            "lengths": self._lengths[:used],
            "terms": self._terms[:used],
            "log_prior": self._log_prior[:used],
            "returns": self._returns[:used],
            **(of_aims if self._counts.shape[1] else {}),
            **({"worth": torch.tensor(self._worth, dtype=torch.float64)} if self._worth else {}),
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
        self._worth = float(state["worth"]) if "worth" in state else 0.0
        if self._counts.shape[1]:
            self._counts[:used] = state["counts"].to(self._counts)
            self._earned[:used] = state["earned"].to(self._earned)
            self._count_weights = state["count_weights"].to(self._count_weights)
        self._newest = state["newest"].to(self._newest)
        self._added, self._ranked = int(state["added"]), None
        if self._places is not None:
            rows = self.read(torch.arange(used, device=self.device)).batch.to_lists()
            self._places = {tuple(row): place for place, row in enumerate(rows)}
