"""Several scores become one: the paper's weighted sum, a mean, or a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.errors import UserError

Aggregation = Literal["sum", "arithmetic", "geometric", "product"]

NEEDS_POSITIVE: frozenset[str] = frozenset({"geometric", "product"})
"""Aggregations that take scores of 0 or more only."""

JOINED: Mapping[Aggregation, str] = {
    "sum": "",
    "arithmetic": "arithmetic mean of ",
    "geometric": "geometric mean of ",
    "product": "product of ",
}
"""Begins the description of a reward, before its terms."""


def aggregate(
    kind: Aggregation, scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One score for each molecule.

    - sum: sum w x, the reward of the paper;
    - arithmetic: sum w x / sum w;
    - geometric: prod x^(w / sum w), which is 0 if one score is;
    - product: prod x^w.

    Args:
        kind: the aggregation.
        scores: (B, K) transformed.
        weights: (K,); 0 or more, except for a sum.

    Returns:
        (B,).

    Raises:
        ValueError: shapes do not match, or scores or weights are below 0 where a power is taken.
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


def refuse_weights(kind: Aggregation, weights: Mapping[str, float]) -> None:
    """Refuse negative weights, for any aggregation but a sum.

    Raises:
        UserError: naming the term.
    """
    for name, weight in weights.items():
        if weight < 0:
            raise UserError(
                f"the weight of {name!r} is {weight:g}, expected 0 or more for aggregation = "
                f"{kind!r}; turn the term round with a transform such as reverse_sigmoid"
            )


def refuse_scores(kind: Aggregation, names: Sequence[str], scores: NDArray[np.float64]) -> None:
    """Refuse negative scores (B, K) of K terms.

    Raises:
        UserError: naming the term.
    """
    for row, column in np.argwhere(scores < 0)[:1]:
        raise UserError(
            f"term {names[column]!r} scored {scores[row, column]:.4g} for a molecule, expected 0 "
            f"or more for aggregation = {kind!r}; give it a transform such as a sigmoid"
        )
