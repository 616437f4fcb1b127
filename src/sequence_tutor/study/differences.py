"""Whether models differ: the paper's tests, with permutation p-values beside theirs.

Section 5.1 of Jaques et al. (https://arxiv.org/abs/1611.02796) reports a Kruskal-Wallis H test of
the ratings and Mann-Whitney U tests of every two models; SciPy computes both. Their p-values assume
independent ratings, which these are not:

1. One answer rates two models, one up as far as the other down. For equal models this makes H
   larger than its chi-square by K / (K - 1), a third for the paper's four models.
2. Answers about the same two clips share the properties of these clips.

So each statistic is also compared with its values when the names of the models are permuted between
whole clip pairs with all their answers. This is valid for any listeners, clips and scales (Fisher's
randomisation test), and is the evidence for a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from sequence_tutor.study.ratings import Ratings

PERMUTATIONS = 9999


@dataclass(frozen=True)
class Difference:
    """One test."""

    statistic: float  # H or U; NaN if all ratings are equal
    p: float  # for independent ratings, as in published tests
    p_permutation: float  # from permuting the models of whole clip pairs


def kruskal_wallis(
    ratings: Ratings, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> Difference:
    """Whether the K models are rated differently; chi-square with K - 1 degrees of freedom.

    Models without a rating do not count.
    """
    groups = [ratings.of(model) for model in range(len(ratings.models))]
    groups = [group for group in groups if len(group)]
    if len(groups) < 2 or _all_equal(groups):
        return Difference(math.nan, math.nan, math.nan)
    found = scipy.stats.kruskal(*groups)
    signed = rank_scores(ratings)  # (J, K)
    flips = generator.integers(0, 2, (permutations, len(signed)), dtype=np.int8) * 2 - 1
    sizes = np.array([len(ratings.of(model)) for model in range(len(ratings.models))])
    sizes = np.maximum(sizes, 1)
    observed = float((signed.sum(0) ** 2 / sizes).sum())
    dealt = ((flips.astype(np.float64) @ signed) ** 2 / sizes).sum(1)  # (permutations,)
    return Difference(float(found.statistic), float(found.pvalue), _share(dealt, observed))


def rank_scores(ratings: Ratings) -> NDArray[np.float64]:
    """What each of J clip pairs contributes to the centred rank sum of each model: (J, K).

    A rating x of one model is a rating -x of the other, so their centred ranks are opposite.
    Exchanging the two models of a pair changes the signs of its row, and H is a function of the
    column sums.
    """
    both = np.concatenate((ratings.points, -ratings.points))
    ranks = scipy.stats.rankdata(both)[: len(ratings)] - (len(both) + 1) / 2  # (N,)
    pairs, rows = np.unique(ratings.pair, return_inverse=True)
    scores = np.zeros((len(pairs), len(ratings.models)))
    np.add.at(scores, (rows, ratings.first), ranks)
    np.add.at(scores, (rows, ratings.second), -ranks)
    return scores


def mann_whitney(
    ratings: Ratings,
    a: int,
    b: int,
    generator: np.random.Generator,
    permutations: int = PERMUTATIONS,
) -> Difference:
    """Whether models number a and b are rated differently, in all answers about either.

    Permuted are the two clips of each pair of a and b, and, for every third model, which of the
    pairs with it belong to a and which to b.
    """
    ours, theirs = ratings.of(a), ratings.of(b)
    if not len(ours) or not len(theirs) or _all_equal([ours, theirs]):
        return Difference(math.nan, math.nan, math.nan)
    found = scipy.stats.mannwhitneyu(ours, theirs, alternative="two-sided", method="asymptotic")
    owners, others, sums = _clip_sums(ratings, a, b)
    total = np.zeros(permutations)
    observed = 0.0
    for other in range(len(ratings.models)):
        if other in (a, b):
            continue
        chosen = others == other
        if not chosen.any():
            continue
        mine, values = owners[chosen] == a, sums[chosen] - sums[chosen].mean()
        observed += values[mine].sum()
        order = generator.permuted(np.tile(values, (permutations, 1)), axis=1)
        total += order[:, : mine.sum()].sum(1)
    direct = sums[others == -1]  # a's sum less b's, halved: a flip turns its sign
    flips = generator.integers(0, 2, (permutations, len(direct)), dtype=np.int8) * 2 - 1
    observed += direct.sum()
    total += flips.astype(np.float64) @ direct
    return Difference(
        float(found.statistic), float(found.pvalue), _share(np.abs(total), abs(observed))
    )


def _clip_sums(
    ratings: Ratings, a: int, b: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Centred rank sums, among the ratings of a and b, of each of their clips.

    Returns:
        For each clip pair: the owner (a or b), the other model (-1 for a against b), and the sum;
        for a against b half of a's sum minus b's.
    """
    owners, others, pairs, points = [], [], [], []
    for mine in (a, b):
        for own, other, sign in (
            (ratings.first, ratings.second, 1),
            (ratings.second, ratings.first, -1),
        ):
            rows = own == mine
            owners.append(np.full(rows.sum(), mine))
            others.append(other[rows])
            pairs.append(ratings.pair[rows])
            points.append(sign * ratings.points[rows])
    owner, other, pair, point = map(np.concatenate, (owners, others, pairs, points))
    ranks = scipy.stats.rankdata(point) - (len(point) + 1) / 2
    direct = (other == a) | (other == b)
    signed = np.where(direct & (owner == b), -ranks, ranks) * np.where(direct, 0.5, 1.0)
    units, first, rows = np.unique(pair, return_index=True, return_inverse=True)
    sums = np.zeros(len(units))
    np.add.at(sums, rows, signed)
    return owner[first], np.where(direct, -1, other)[first], sums


def rank_biserial(u: float, ours: int, theirs: int) -> float:
    """Effect size of Mann and Whitney's U, from -1 to 1; NaN if either has no rating.

    The share of rating pairs in which the first is higher, minus that in which it is lower (Kerby,
    The simple difference formula, 2014).
    """
    return 2 * u / (ours * theirs) - 1 if ours and theirs else math.nan


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: p-values valid for all tests together; NaN stays.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    defined = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for number, (p, place) in enumerate(defined):
        largest = max(largest, min(1.0, p * (len(defined) - number)))
        corrected[place] = largest
    return corrected


def _all_equal(groups: Sequence[NDArray[np.int64]]) -> bool:
    return len(np.unique(np.concatenate(groups))) == 1


def _share(dealt: NDArray[np.float64], observed: float) -> float:
    """The permutation p-value; the observed order counts as one, so it is never 0."""
    as_far = int((dealt >= observed - 1e-9 * max(observed, 1.0)).sum())
    return (as_far + 1) / (len(dealt) + 1)
