"""The first Pareto front of molecules: those that no other one is better than in every respect."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FRONT = "front"
"""The column that is 1 for molecules of the first front, and 0 for others."""

NOT_ON_FRONT, ON_FRONT = "0", "1"


def first_front(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) bool: which of N rows (N, K) no other row dominates; higher is better.

    A row dominates another if it is at least as good in every column and better in one. So equal
    rows are both on the front. A row with NaN is not.

    The row of the highest sum is dominated by none. It is taken, the rows that it dominates are
    left out, and so on: O(N F) for a front of F rows (Kung et al. 1975, for many columns).
    """
    if values.ndim != 2:
        raise ValueError(f"values of shape {values.shape}, expected (N, K)")
    front = np.zeros(len(values), dtype=np.bool_)
    left = np.flatnonzero(np.isfinite(values).all(axis=1))
    # sums are rounded: of rows of one sum the first columns decide, as between a row and its better
    keys = (*values[left].T[::-1], values[left].sum(axis=1))
    left = left[np.lexsort(keys)[::-1]]
    while len(left):
        best, rest = values[left[0]], values[left]
        front[left[0]] = True
        dominated = (rest <= best).all(axis=1) & (rest < best).any(axis=1)
        dominated[0] = True
        left = left[~dominated]
    return front


def on_front(
    columns: Mapping[str, Sequence[float]], wanted: Mapping[str, float], count: int
) -> list[bool]:
    """Which of some molecules are on the first front of the scores of a reward's terms.

    Args:
        columns: name -> numbers of all molecules; NaN where there is none.
        wanted: name of a score -> 1 where more of it is wanted, -1 where less is.
        count: of the molecules.
    """
    if not wanted:
        return [False] * count
    values = np.array([columns[name] for name in wanted], dtype=np.float64).T
    signs = np.array(list(wanted.values()))
    found: list[bool] = first_front(values.reshape(count, len(wanted)) * signs).tolist()
    return found


def score_columns(wanted: Mapping[str, float], columns: Collection[str]) -> dict[str, float]:
    """Column of each term's score -> which way it is wanted.

    The score of a term without a transform is its raw number.

    Args:
        wanted: term -> which way its score is wanted.
        columns: of the table.
    """
    scores = {name: f"{name}_score" for name in wanted}
    return {score if score in columns else name: wanted[name] for name, score in scores.items()}
