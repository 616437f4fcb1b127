"""Moments of a stream of items, in the memory of a few numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Moments:
    """Count, mean and co-moments of K-dimensional items, without keeping the items.

    Batches are joined by their means and centred sums, not by raw sums of squares, so nothing
    cancels however large the mean is beside the spread.

    Source: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing
    sample variances, 1979.

    Attributes:
        count: n, items so far.
        mean: (K,).
        scatter: (K, K), the sum over items of (x - mean)(x - mean)^T.
    """

    def __init__(self, dimensions: int) -> None:
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(dimensions)
        self.scatter: NDArray[np.float64] = np.zeros((dimensions, dimensions))

    def update(self, items: NDArray[np.float64]) -> None:
        """Add a batch (B, K), which may be empty."""
        if len(items) == 0:
            return
        batch = Moments(items.shape[1])
        batch.count, batch.mean = len(items), items.mean(axis=0)
        centred = items - batch.mean  # (B, K)
        batch.scatter = centred.T @ centred
        self.merge(batch)

    def merge(self, other: Moments) -> None:
        """Add what another one has seen."""
        count = self.count + other.count
        if count == 0:
            return
        step = other.mean - self.mean
        self.scatter = (
            self.scatter + other.scatter + np.outer(step, step) * (self.count * other.count / count)
        )
        self.mean = self.mean + step * (other.count / count)
        self.count = count
