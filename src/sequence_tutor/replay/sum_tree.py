"""A binary tree of sums: draw a leaf with probability proportional to its value.

The structure of Schaul et al. 2016, *Prioritized experience replay*, appendix B.2.1
(https://arxiv.org/abs/1511.05952), for whole batches at a time: a batch is written, or found, in
as many tensor operations as the tree has levels.
"""

from __future__ import annotations

import torch
from torch import Tensor


class SumTree:
    """Non-negative values at N places, and the sums of all subtrees.

    A sum is always formed anew from its two children, never by adding a difference. So it does not
    drift, and the same values give the same tree bit for bit, in whatever order they came.

    Args:
        size: N.
        device: where it computes.
    """

    def __init__(self, size: int, device: torch.device | str = "cpu") -> None:
        self.size = size
        self._depth = max(size - 1, 0).bit_length()
        # node 1 is the root, node n has the children 2 n and 2 n + 1; leaves come last
        self._sums = torch.zeros(2 << self._depth, dtype=torch.float64, device=device)

    @property
    def total(self) -> Tensor:
        """The sum of all values, a scalar."""
        return self._sums[1]

    @property
    def values(self) -> Tensor:
        """(N,) float64: a view of the values."""
        first = 1 << self._depth
        return self._sums[first : first + self.size]

    def set(self, places: Tensor, values: Tensor) -> None:
        """Change values.

        Args:
            places: (B,) int64 in 0 .. N - 1; of one that comes several times the largest value
                counts, so that the order in which threads write does not.
            values: (B,), at least zero.
        """
        places, which = places.unique(return_inverse=True)
        largest = self._sums.new_zeros(len(places))
        largest.scatter_reduce_(0, which, values.to(largest), "amax")
        nodes = places + (1 << self._depth)
        self._sums[nodes] = largest
        for _ in range(self._depth):
            nodes = (nodes // 2).unique_consecutive()  # ascending, so brothers stand together
            self._sums[nodes] = self._sums[2 * nodes] + self._sums[2 * nodes + 1]

    def find(self, masses: Tensor) -> Tensor:
        """The places at which the running sum of values passes `masses`.

        Args:
            masses: (B,) float64 in [0, total); one drawn uniformly finds each place with
                probability value / total.

        Returns:
            (B,) int64; never a place of value zero, whatever rounding does to the sums.
        """
        nodes = torch.ones(len(masses), dtype=torch.int64, device=self._sums.device)
        for _ in range(self._depth):
            nodes = 2 * nodes
            left, right = self._sums[nodes], self._sums[nodes + 1]
            goes_right = (masses >= left) & (right > 0)
            masses = torch.where(goes_right, masses - left, masses)
            nodes = nodes + goes_right
        return nodes - (1 << self._depth)
