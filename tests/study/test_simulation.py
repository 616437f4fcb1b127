"""Made-up listeners find a difference as often as theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from sequence_tutor.errors import UserError
from sequence_tutor.study.simulation import (
    Scenario,
    listeners_needed,
    power,
    power_curve,
    predicted_power,
    simulated_ratings,
)


def test_choices_follow_the_scores() -> None:
    scores = Scenario(models=3, share=0.7).scores
    ratings = simulated_ratings(scores, 4000, 2, 1, 0.0, np.random.default_rng(0))
    wins = ratings.wins / 4000
    assert wins[0, 1] == pytest.approx(0.7, abs=0.02)
    assert wins[0, 2] == pytest.approx(0.7, abs=0.02)
    assert wins[1, 2] == pytest.approx(0.5, abs=0.025)
    leaning = ratings.points != 0
    assert ((ratings.points > 0) == ratings.won)[leaning].all()


def test_the_design_is_the_services() -> None:
    ratings = simulated_ratings([0.0] * 4, 16, 8, 2, 1.0, np.random.default_rng(0))
    assert len(ratings) == 192
    assert [len(ratings.of(model)) for model in range(4)] == [96] * 4
    _, counts = np.unique(ratings.pair, return_counts=True)
    assert counts.tolist() == [4] * 48


def test_theory_for_two_models_is_the_normal_approximation() -> None:
    # points -2 .. 2 with the chances of logistic noise around log(.65 / .35) = .619
    shift = math.log(0.65 / 0.35)
    edges = [1 / (1 + math.exp(shift - edge)) for edge in (-1.5, -0.5, 0.5, 1.5)]
    chances = np.diff([0, *edges, 1])
    mean = chances @ np.arange(-2, 3)
    spread = math.sqrt(chances @ np.arange(-2, 3) ** 2 - mean**2)
    shift_in_spreads = math.sqrt(40) * mean / spread
    expected = norm.sf(1.959964 - shift_in_spreads) + norm.cdf(-1.959964 - shift_in_spreads)
    scenario = Scenario(models=2, share=0.65, pairs=40, rounds=2)
    assert predicted_power(scenario, 20) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("models", "share", "listeners"),
    [
        *(pytest.param(*one, marks=pytest.mark.long) for one in ((2, 0.5, 16), (4, 0.65, 8))),
        (2, 0.7, 20),
        (4, 0.65, 14),
    ],
)
def test_power_is_what_theory_predicts(models: int, share: float, listeners: int) -> None:
    scenario = Scenario(models=models, share=share, pairs=20, rounds=2, studies=300)
    found = power(scenario, listeners, np.random.default_rng(4))
    assert found.predicted == predicted_power(scenario, listeners)
    assert found.found.value == pytest.approx(found.predicted, abs=0.08)


def test_clips_that_differ_cost_power() -> None:
    plain = Scenario(models=2, share=0.7, pairs=12, rounds=4, studies=150)
    varied = plain.model_copy(update={"clip_spread": 2.0})
    powers = [power(one, 24, np.random.default_rng(5)).found.value for one in (plain, varied)]
    assert powers[0] > powers[1] + 0.3


@pytest.mark.long
def test_the_curve_finds_how_many_are_needed() -> None:
    scenario = Scenario(models=2, share=0.8, pairs=10, rounds=5, studies=100)
    told: list[int] = []
    curve = power_curve(scenario, advance=told.append)
    assert len(told) == len(curve)
    needed = listeners_needed(curve, scenario.power)
    tried = {one.listeners: one for one in curve}
    assert tried[needed].found.value >= 0.8
    assert predicted_power(scenario, needed) > 0.65
    assert predicted_power(scenario, max(1, needed // 2)) < 0.8
    assert power_curve(scenario) == curve


def test_a_difference_that_is_none_is_not_looked_for_forever() -> None:
    with pytest.raises(UserError, match=r"4 listeners find a share of 0\.5 in .*expected 80%"):
        power_curve(Scenario(share=0.5, studies=10), most=4)
    with pytest.raises(UserError, match="rounds is 9, expected at most 8"):
        power_curve(Scenario(rounds=9))
