"""Whether models differ: the tests of the paper, and the same statistics with honest p-values.

Section 5.1 of Jaques et al. (https://arxiv.org/abs/1611.02796) reports a Kruskal-Wallis H test of
the ratings and Mann-Whitney U tests of every two models. Both are here as SciPy has them. Their
p-values take all ratings for independent, where we differ:

1. One answer rates two models, the one up as far as the other down. Under equal models this makes H
   larger than its chi-square by K / (K - 1), a third for the paper's four models.
2. Answers about the same two clips share what these clips happen to be like.

So each statistic is also compared with what it would be if the names of equal models were dealt
anew: whole clip pairs, with all their answers, change hands. That holds whatever listeners, clips
and scales are like (Fisher's randomisation test), and is what the words "differ" should rest on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kruskal, mannwhitneyu, rankdata

from sequence_tutor.study.ratings import Ratings

PERMUTATIONS = 9999


@dataclass(frozen=True)
class Difference:
    """One test.

    Attributes:
        statistic: H or U; NaN where all ratings are the same.
        p: of independent ratings, as published tests have it.
        p_permutation: of dealing whole clip pairs anew.
    """

    statistic: float
    p: float
    p_permutation: float


def kruskal_wallis(
    ratings: Ratings, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> Difference:
    """Whether any of K models is rated otherwise than the rest; chi-square with K - 1 degrees.

    Args:
        ratings: of K models; one that nobody rated yet does not count.
        generator: deals.
        permutations: how often.
    """
    groups = [ratings.of(model) for model in range(len(ratings.models))]
    groups = [group for group in groups if len(group)]
    if len(groups) < 2 or _all_equal(groups):
        return Difference(math.nan, math.nan, math.nan)
    found = kruskal(*groups)
    signed = rank_scores(ratings)  # (J, K)
    flips = generator.integers(0, 2, (permutations, len(signed)), dtype=np.int8) * 2 - 1
    sizes = np.array([len(ratings.of(model)) for model in range(len(ratings.models))])
    sizes = np.maximum(sizes, 1)
    observed = float((signed.sum(0) ** 2 / sizes).sum())
    dealt = ((flips.astype(np.float64) @ signed) ** 2 / sizes).sum(1)  # (permutations,)
    return Difference(float(found.statistic), float(found.pvalue), _share(dealt, observed))


def rank_scores(ratings: Ratings) -> NDArray[np.float64]:
    """What each clip pair adds to every model's centred rank sum.

    A rating x of one model is one of -x for the other, so that their centred ranks are opposite;
    exchanging the two models of a pair turns the signs of its row, and H is a function of the sums
    of the columns.

    Returns:
        (J, K), J clip pairs.
    """
    both = np.concatenate((ratings.points, -ratings.points))
    ranks = rankdata(both)[: len(ratings)] - (len(both) + 1) / 2  # (N,)
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
    """Whether two models are rated differently, in all the answers that either is in.

    Dealt anew are the two clips of a pair of a and b, and, for every third model, which of the
    pairs with it are a's and which b's.

    Args:
        ratings: of K models.
        a: place of one.
        b: place of the other.
        generator: deals.
        permutations: how often.
    """
    ours, theirs = ratings.of(a), ratings.of(b)
    if not len(ours) or not len(theirs) or _all_equal([ours, theirs]):
        return Difference(math.nan, math.nan, math.nan)
    found = mannwhitneyu(ours, theirs, alternative="two-sided", method="asymptotic")
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
    """Centred rank sums, among the ratings of a and b, of every clip of theirs.

    Returns:
        For each clip pair: whose clip (a or b), the other model (-1 where it is a against b), and
        the sum; of a against b half of a's sum less b's.
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
    ranks = rankdata(point) - (len(point) + 1) / 2
    direct = (other == a) | (other == b)
    signed = np.where(direct & (owner == b), -ranks, ranks) * np.where(direct, 0.5, 1.0)
    units, first, rows = np.unique(pair, return_index=True, return_inverse=True)
    sums = np.zeros(len(units))
    np.add.at(sums, rows, signed)
    return owner[first], np.where(direct, -1, other)[first], sums


def rank_biserial(u: float, ours: int, theirs: int) -> float:
    """Effect size of Mann and Whitney's U, from -1 to 1.

    How much oftener a rating of the first is above one of the second than below it (Kerby, The
    simple difference formula, 2014); NaN where either has none.
    """
    return 2 * u / (ours * theirs) - 1 if ours and theirs else math.nan


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: p-values that hold for all tests together; NaN stays.

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
    """The permutation p-value; the observed deal is one of them, so that it is never 0."""
    as_far = int((dealt >= observed - 1e-9 * max(observed, 1.0)).sum())
    return (as_far + 1) / (len(dealt) + 1)
