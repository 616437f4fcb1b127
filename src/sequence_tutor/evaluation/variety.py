"""Signs of collapse that `distinct` does not show: common openings, and near copies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from sequence_tutor.estimates import Estimate, wilson, within
from sequence_tutor.evaluation.near_copies import MOST, near_copies
from sequence_tutor.sampling.measure import Opens, commonest
from sequence_tutor.sequences import SequenceBatch

MOST_OPENINGS = 10_000
"""About so many sequences have their openings compared."""


class Variety:
    """Gathers how similar sequences are. Satisfies `domain.Statistics`.

    - `commonest_opening`: the share of sequences with the commonest opening, such as the rhythm of
      the first bar or a scaffold; `opening_entropy`: the entropy of all openings, in bits. It is at
      most log2 of their number, and low where there are few.
    - `near_copies`: see `near_copies`, of the first few hundred.

    Args:
        opener: finds the opening of a sequence; None: openings are not compared.
        given: number of tokens at the beginning that were given, not chosen.
    """

    def __init__(self, opener: Opens | None, given: int = 0) -> None:
        self._opener, self._given = opener, given
        self._openings: list[Hashable] = []
        self._first: SequenceBatch | None = None

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        if self._opener is not None and len(self._openings) < MOST_OPENINGS:
            self._openings += self._opener.openings(batch, self._given)
        if self._first is None or len(self._first) < MOST:
            new = batch.to("cpu")
            self._first = new if self._first is None else self._first + new

    def result(self) -> dict[str, Estimate]:
        """Every statistic so far."""
        found = {}
        if self._openings:
            share = wilson(commonest(self._openings), len(self._openings))
            found = {"commonest_opening": share, "opening_entropy": entropy(self._openings)}
        if self._first is not None:
            found["near_copies"] = near_copies(self._first)
        return found


def entropy(items: Sequence[Hashable]) -> Estimate:
    """Entropy of the shares of equal items, in bits; the interval is of the mean of -log2 share."""
    total = len(items)
    shares = [count / total for count in Counter(items).values()]
    bits = sum(-share * math.log2(share) for share in shares)
    square = sum(share * math.log2(share) ** 2 for share in shares)
    return within(bits + 0.0, math.sqrt(max(square - bits**2, 0.0) / total))
