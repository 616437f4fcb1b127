"""How many different things there are, counted in bounded memory.

Of the hashes of all things the k smallest different ones are kept. If there are fewer than k, their
number is the answer. Else, hashes being uniform, the k-th smallest of n different ones lies near
k / n of the whole range, and n is estimated as (k - 1) / u with u its share of the range; the
estimate is unbiased and its relative standard deviation is 1 / sqrt(k - 2): .39 % for k = 65,536,
which takes half a megabyte. Sketches of parts merge into that of the whole.

Source: Beyer et al., On synopses for distinct-value estimation under multiset operations, SIGMOD
2007, section 3 (https://doi.org/10.1145/1247480.1247504).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

K = 65_536
_RANGE = 2.0**64


class DistinctCount:
    """Counts different 64-bit hashes.

    Args:
        k: hashes that are kept, at least 3.
    """

    def __init__(self, k: int = K) -> None:
        self._k = k
        self._smallest: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)

    def add(self, hashes: NDArray[np.int64]) -> None:
        """Add the hashes of some things, each as often as it occurs."""
        mixed = mixed_hashes(hashes)
        if len(self._smallest) == self._k:
            mixed = mixed[mixed < self._smallest[-1]]
        self._smallest = np.unique(np.concatenate([self._smallest, mixed]))[: self._k]

    def add_list(self, hashes: Sequence[int | None]) -> None:
        """Add hashes; None, of a thing that has no hash, is not counted."""
        known = [one for one in hashes if one is not None]
        self.add(np.array(known, dtype=np.int64))

    @property
    def is_exact(self) -> bool:
        """Whether there were fewer than k."""
        return len(self._smallest) < self._k

    @property
    def value(self) -> float:
        """The number, or its estimate."""
        if self.is_exact:
            return float(len(self._smallest))
        return (self._k - 1) / ((float(self._smallest[-1]) + 1) / _RANGE)

    @property
    def relative_error(self) -> float:
        """One standard deviation of the estimate, as a share of it; 0 where it is exact."""
        return 0.0 if self.is_exact else 1 / math.sqrt(self._k - 2)


def mixed_hashes(hashes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hashes whose every bit depends on every bit of the given ones; different ones stay different.

    Source: the finaliser of SplitMix64, Steele, Lea and Flood 2014
    (https://doi.org/10.1145/2660193.2660195).
    """
    z = hashes.astype(np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
