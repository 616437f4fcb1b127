"""Bradley-Terry scores: one strength a model, so that sigma(s_a - s_b) is how often a beats b."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, ndtri

from sequence_tutor.estimates import UNDEFINED, UPPER_TAIL, Estimate

TOLERANCE = 1e-12  # of log strengths, between two rounds
MOST_ROUNDS = 100_000


def bradley_terry(wins: NDArray[np.float64]) -> list[Estimate]:
    """Maximum-likelihood log strengths, centred, with Wald's 95 % intervals.

    Source: the minorisation-maximisation rounds of Hunter, MM algorithms for generalized
    Bradley-Terry models, 2004, https://doi.org/10.1214/aos/1079120141, eq. 3; the spread is that of
    the inverse Fisher information within the centred strengths.

    Args:
        wins: (K, K), how often row beat column.

    Returns:
        K scores; all undefined where the models fall into two groups of which one never lost to
        the other, because the likelihood then has no maximum (Hunter's assumption 1).
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1]:
        raise ValueError(f"wins must be (K, K), got {wins.shape}")
    models = len(wins)
    groups, _ = connected_components(wins > 0, connection="strong")
    if groups > 1:
        return [UNDEFINED] * models
    games = wins + wins.T  # (K, K)
    scores = np.zeros(models)
    for _ in range(MOST_ROUNDS):
        strengths = np.exp(scores)
        rates = games / (strengths[:, None] + strengths)  # (K, K)
        updated = np.log(wins.sum(1) / rates.sum(1))
        updated -= updated.mean()
        moved = np.abs(updated - scores).max()
        scores = updated
        if moved < TOLERANCE:
            break
    chance = expit(scores[:, None] - scores[None])  # (K, K), row beats column
    weights = games * chance * (1 - chance)
    information = np.diag(weights.sum(1)) - weights
    spreads = np.sqrt(np.diag(np.linalg.pinv(information)))
    reach = float(ndtri(UPPER_TAIL)) * spreads
    return [
        Estimate(float(s), float(s - r), float(s + r)) for s, r in zip(scores, reach, strict=True)
    ]
