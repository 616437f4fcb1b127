"""Bradley-Terry scores: two models by hand, more against a direct maximum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from sequence_tutor.study.analysis import bradley_terry


def test_two_models_by_hand() -> None:
    # 30 wins to 10: log odds log 3, spread of the difference sqrt(1 / 30 + 1 / 10)
    better, worse = bradley_terry(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert better.value == pytest.approx(math.log(3) / 2)
    assert worse.value == pytest.approx(-math.log(3) / 2)
    reach = 1.959964 * math.sqrt(1 / 30 + 1 / 10) / 2
    assert better.high - better.value == pytest.approx(reach, rel=1e-5)
    assert better.value - better.low == pytest.approx(reach, rel=1e-5)


def test_equal_models_have_equal_scores() -> None:
    wins = 7.0 * (1 - np.eye(4))
    assert [one.value for one in bradley_terry(wins)] == pytest.approx([0] * 4, abs=1e-12)


def test_the_likelihood_is_at_its_maximum() -> None:
    wins = np.random.default_rng(0).integers(1, 20, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)

    def loss(scores: np.ndarray) -> float:
        return float((wins * np.log1p(np.exp(scores[None] - scores[:, None]))).sum())

    best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
    found = [one.value for one in bradley_terry(wins)]
    assert found == pytest.approx(best - best.mean(), abs=1e-5)
    expected = [[expit(a - b) for b in found] for a in found]
    games = wins + wins.T
    assert (games * expected).sum(1) == pytest.approx(wins.sum(1))  # the likelihood's equations


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(1)
    truth = np.array([0.6, 0.0, -0.6])
    chance = 1 / (1 + np.exp(truth[None] - truth[:, None]))
    upper = np.triu_indices(3, 1)
    held = []
    for _ in range(300):
        wins = np.zeros((3, 3))
        wins[upper] = generator.binomial(60, chance[upper])
        wins.T[upper] = 60 - wins[upper]
        held += [
            one.low <= score <= one.high
            for one, score in zip(bradley_terry(wins), truth, strict=True)
        ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


def test_a_model_that_never_lost_has_no_score() -> None:
    wins = np.array([[0.0, 5.0, 5.0], [0.0, 0.0, 3.0], [0.0, 2.0, 0.0]])
    assert all(math.isnan(one.value) for one in bradley_terry(wins))
    assert all(math.isnan(one.value) for one in bradley_terry(np.zeros((2, 2))))
    with pytest.raises(ValueError, match=r"wins must be \(K, K\)"):
        bradley_terry(np.zeros((2, 3)))
