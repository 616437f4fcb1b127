"""From several scores to one: the paper's weighted sum, means, or a product."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Aggregation = Literal["sum", "arithmetic", "geometric", "product"]

NEEDS_POSITIVE: frozenset[str] = frozenset({"geometric", "product"})
"""What makes sense of scores from 0 on only."""


def aggregate(
    kind: Aggregation, scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One score a molecule.

    - sum: sum w x, the reward of the paper;
    - arithmetic: sum w x / sum w;
    - geometric: prod x^(w / sum w); one 0 makes it 0;
    - product: prod x^w.

    Args:
        kind: which.
        scores: (B, K) transformed.
        weights: (K,); from 0 on, but for a sum any.

    Returns:
        (B,).

    Raises:
        ValueError: shapes that do not fit; scores or weights below 0 where a power is taken.
    """
    if scores.ndim != 2 or weights.shape != scores.shape[1:]:
        raise ValueError(f"scores {scores.shape} must be (B, K) and weights {weights.shape} (K,)")
    if kind == "sum":
        return np.asarray(scores @ weights)
    if kind == "arithmetic":
        return np.asarray(scores @ (weights / weights.sum()))
    if (scores < 0).any() or (weights < 0).any():
        raise ValueError(f"a {kind} mean or product takes scores and weights from 0 on")
    powers = weights / weights.sum() if kind == "geometric" else weights
    return np.asarray(np.prod(scores**powers, axis=1))
