"""Signs of collapse that `distinct` does not show: common openings, and near copies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

from torch import Tensor

from sequence_tutor.estimates import Estimate, wilson, within, without_ends
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
    """Entropy of the shares of equal items, in bits, with the jackknife's interval.

    Where many kinds are rare the entropy scatters more than the mean of -log2 share at known shares
    does, since the shares are estimated too. Left out once, an item of a kind seen c times of n
    leaves log2(n - 1) - (S - c log2 c + (c - 1) log2(c - 1)) / (n - 1), with S the sum of c log2 c.

    Source: Efron and Stein, The jackknife estimate of variance, 1981.
    """
    total, counts = len(items), list(Counter(items).values())
    whole = sum(map(_times_log, counts))
    bits = math.log2(total) - whole / total
    if total < 2:
        return without_ends(bits)
    without = {
        count: math.log2(total - 1)
        - (whole - _times_log(count) + _times_log(count - 1)) / (total - 1)
        for count in set(counts)
    }
    mean = sum(count * without[count] for count in counts) / total
    squares = sum(count * (without[count] - mean) ** 2 for count in counts)
    return within(bits + 0.0, math.sqrt(squares * (total - 1) / total))


def _times_log(count: int) -> float:
    return count * math.log2(count) if count else 0.0


def distinct(hashes: Tensor) -> Estimate:
    """The share of different items among n, with Wilson's interval of as many independent items.

    Repetitions of one item depend on each other, so that the number D of different items scatters
    less than the binomial variance n s (1 - s) of its share s. With f_j items that occur j times,

        Var(D) = E[D of 2 n] - E[D of n] - f_1^2 / n  ~  f_1 - f_2 + f_3 - ... - f_1^2 / n,

    as a sum of Poisson counts with a given total; the alternating sum is Good and Toulmin's
    estimate of what a second sample would show that is new. It is kept between half the jackknife's
    variance f_1 (1 - f_1 / n) and the smaller of that and the binomial one, with f_1 at least 1,
    because another sample might have had such an item.

    Source: Good and Toulmin, The number of new species, and the increase in population coverage,
    when a sample is increased, 1956; Efron and Stein, The jackknife estimate of variance, 1981.

    Args:
        hashes: (n,) of the items.
    """
    items = len(hashes)
    counts = hashes.unique(return_counts=True)[1]
    share, once = len(counts) / items, max(int((counts == 1).sum()), 1)
    binomial, jackknife = items * share * (1 - share), once * (1 - once / items)
    new = int((counts % 2 == 1).sum()) - int((counts % 2 == 0).sum())
    variance = max(min(new - once**2 / items, jackknife), jackknife / 2)
    if not 0 < variance < binomial:
        return wilson(share, items)
    return wilson(share, items * binomial / variance)
