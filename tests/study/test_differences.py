"""The tests: against SciPy, by hand, and on listeners made up to be indifferent."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import chi2, kruskal, kstest, mannwhitneyu

from sequence_tutor.study.differences import (
    holm,
    kruskal_wallis,
    mann_whitney,
    rank_biserial,
    rank_scores,
)
from sequence_tutor.study.ratings import Ratings
from sequence_tutor.study.simulation import simulated_ratings


def ratings(rows: list[tuple[int, int, int]], models: int) -> Ratings:
    """One clip pair a row: first, second, points."""
    first, second, points = (np.array(column) for column in zip(*rows, strict=True))
    names = tuple("abcd"[:models])
    return Ratings(names, first, second, points > 0, points, np.arange(len(rows)))


def random_ratings(seed: int) -> Ratings:
    return simulated_ratings([0.5, 0, -0.3], 6, 4, 2, 0.5, np.random.default_rng(seed))


def test_the_statistics_are_scipys() -> None:
    found = random_ratings(0)
    given = [found.of(model) for model in range(3)]
    generator = np.random.default_rng(0)
    overall, theirs = kruskal_wallis(found, generator, 99), kruskal(*given)
    assert (overall.statistic, overall.p) == (theirs.statistic, theirs.pvalue)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        ours = mann_whitney(found, a, b, generator, 99)
        u = mannwhitneyu(given[a], given[b], alternative="two-sided")
        assert (ours.statistic, ours.p) == (u.statistic, u.pvalue)


def test_h_is_a_function_of_the_rank_sums() -> None:
    found = random_ratings(1)
    sums = rank_scores(found).sum(0)
    sizes = np.array([len(found.of(model)) for model in range(3)])
    total = sizes.sum()
    h = 12 / (total * (total + 1)) * (sums**2 / sizes).sum()
    counts = np.unique(np.concatenate([found.of(m) for m in range(3)]), return_counts=True)[1]
    h /= 1 - (counts**3 - counts).sum() / (total**3 - total)  # ties
    assert kruskal_wallis(found, np.random.default_rng(0), 9).statistic == pytest.approx(h)


def test_dealing_anew_agrees_with_every_deal_there_is() -> None:
    # six pairs of two models, all for the first: 2 of the 64 deals are as extreme
    found = ratings([(0, 1, points) for points in (1, 2, 1, 2, 1, 2)], 2)
    generator = np.random.default_rng(0)
    for test in (
        kruskal_wallis(found, generator, 40_000),
        mann_whitney(found, 0, 1, generator, 40_000),
    ):
        assert test.p_permutation == pytest.approx(2 / 64, abs=0.004)


def test_dealing_anew_with_a_third_model() -> None:
    # a beats c, c beats b: which of the four pairs with c are a's is dealt, 6 ways; 2 as extreme
    found = ratings([(0, 2, 2), (0, 2, 1), (1, 2, -2), (1, 2, -1)], 3)
    values = [2, 1, -2, -1]
    extreme = [
        abs(sum(v for v, mine in zip(values, deal, strict=True) if mine)) >= 3
        for deal in product((0, 1), repeat=4)
        if sum(deal) == 2
    ]
    assert np.mean(extreme) == pytest.approx(1 / 3)
    test = mann_whitney(found, 0, 1, np.random.default_rng(0), 40_000)
    assert test.p_permutation == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("clip_spread", [pytest.param(0.0, marks=pytest.mark.long), 2.0])
def test_equal_models_give_uniform_p_values(clip_spread: float) -> None:
    generator = np.random.default_rng(2)
    overall, between, published = [], [], []
    for _ in range(200):
        found = simulated_ratings([0.0] * 4, 16, 8, 2, clip_spread, generator)
        test = kruskal_wallis(found, generator, 99)
        overall.append(test.p_permutation)
        published.append(test.p)
        between.append(mann_whitney(found, 0, 2, generator, 99).p_permutation)
    assert kstest(overall, "uniform").pvalue > 0.01
    assert kstest(between, "uniform").pvalue > 0.01
    # one answer rates two models: as published, the test finds too much
    assert np.mean(np.array(published) < 0.05) > 0.08
    assert kstest(published, "uniform").pvalue < 0.01


def test_h_is_a_third_too_large_for_four_equal_models() -> None:
    generator = np.random.default_rng(3)
    h = [
        kruskal_wallis(simulated_ratings([0.0] * 4, 16, 32, 2, 0.0, generator), generator, 1)
        for _ in range(300)
    ]
    statistics = np.array([test.statistic for test in h])
    assert statistics.mean() == pytest.approx(3 * 4 / 3, abs=0.4)
    assert kstest(statistics * 3 / 4, chi2(3).cdf).pvalue > 0.01


def test_holm_by_hand() -> None:
    # sorted .01 x 4, .02 x 3, .03 x 2 (raised to .06 before it), .5 x 1
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    with_gap = holm([math.nan, 0.02])
    assert math.isnan(with_gap[0])
    assert with_gap[1] == 0.02


def test_rank_biserial_by_hand() -> None:
    assert rank_biserial(12, 3, 4) == 1  # every one of 12 above
    assert rank_biserial(0, 3, 4) == -1
    assert rank_biserial(6, 3, 4) == 0


def test_ratings_that_say_nothing_have_no_p() -> None:
    same = ratings([(0, 1, 0), (0, 1, 0)], 2)
    generator = np.random.default_rng(0)
    for test in (kruskal_wallis(same, generator, 9), mann_whitney(same, 0, 1, generator, 9)):
        assert math.isnan(test.statistic)
        assert math.isnan(test.p_permutation)
    missing = ratings([(0, 1, 1), (0, 1, -1)], 3)
    assert math.isnan(mann_whitney(missing, 0, 2, generator, 9).p)
    assert kruskal_wallis(missing, generator, 9).p_permutation == 1
