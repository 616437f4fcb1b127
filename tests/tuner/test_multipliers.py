"""Multipliers, worked by hand on two tokens, and what they come to."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.config.aims import parse_aims
from sequence_tutor.domain.rows import SHARE, RowRange
from sequence_tutor.objectives.dual import bounded_step
from sequence_tutor.tuner.aimed_rows import bounds_of
from sequence_tutor.tuner.bound_features import features
from sequence_tutor.tuner.multipliers import CEILING, HELD, Multipliers


def counts_of(heads: float, count: int = 4000) -> Tensor:
    """(B, 2): the first `heads` of all sequences have the property."""
    has = (torch.arange(count) < heads * count).double()
    return torch.stack([has, torch.ones_like(has)], 1)


def made(wanted: str, prior: float, margin: float = 2.0, updates: int = 1000) -> Multipliers:
    bounds = bounds_of(parse_aims({"heads": wanted}))
    counts = counts_of(prior)
    phi = features(bounds, counts, None)
    return Multipliers(bounds, {"heads": SHARE}, counts, phi, margin=margin, updates=updates)


def follow(multipliers: Multipliers, prior: float, updates: int = 400) -> float:
    """A policy that is at the optimum of its multipliers at once; its share of heads at the end.

    p(heads) = q has the optimum q e^lambda / (q e^lambda + 1 - q).
    """
    share = prior
    for update in range(updates):
        counts = counts_of(share)
        own = features(multipliers.bounds, counts, None)
        multipliers.follow(counts, own, update / updates, 1 / updates)
        pays = float(multipliers.weights()[0])
        share = prior * math.exp(pays) / (prior * math.exp(pays) + 1 - prior)
    return share


@pytest.mark.parametrize(
    "errors", [*(pytest.param(errors, marks=pytest.mark.long) for errors in (0.0, 4.0)), 2.0]
)
def test_one_aim_on_two_tokens_has_the_multiplier_of_the_closed_form(errors: float) -> None:
    # .5 to .9: e^lambda = .9 / .1
    multipliers = made(">= 90 %", 0.5, errors)
    share = follow(multipliers, 0.5)
    goal = float(multipliers.goals[0])
    # standard errors of 2 / rate collections, where the rate is (1 / 400) / .1 at the end
    margin = errors * math.sqrt(0.9 * 0.1 / (2 / 0.025 * 4000))
    assert goal == pytest.approx(0.9 + margin, abs=1e-4)
    assert share == pytest.approx(goal, abs=2e-3)
    assert multipliers.values[0] == pytest.approx(math.log(goal / (1 - goal)), rel=0.01)
    assert multipliers.values[0] == pytest.approx(math.log(9), rel=0.02)


def test_near_aims_begin_at_the_optimum_over_the_prior_s_sequences() -> None:
    bounds, counts = bounds_of(parse_aims({"heads": ">= 90 %"})), counts_of(0.5)
    multipliers = made(">= 90 %", 0.5)
    multipliers.begin(features(bounds, counts, None))
    assert multipliers.values[0] == pytest.approx(math.log(9), rel=1e-4)
    assert multipliers.goals[0] > 0.9  # no homotopy
    # the policy is still the prior: held for a while, then they move
    for done, moved in ((0.0, False), (HELD / 2, False), (HELD, True)):
        before = multipliers.values.clone()
        multipliers.follow(counts, features(bounds, counts, None), done, 0.01)
        assert (not torch.equal(multipliers.values, before)) is moved
    again = made(">= 90 %", 0.5)
    again.restore(multipliers.state())
    assert again.from_prior
    assert follow(again, 0.5) == pytest.approx(float(again.goals[0]), abs=2e-3)


@pytest.mark.parametrize("prior", [0.0, 0.01])  # nothing has it; a hundredth of all would count
def test_aims_far_from_the_prior_begin_at_nothing(prior: float) -> None:
    multipliers = made(">= 90 %", prior)
    multipliers.begin(features(multipliers.bounds, counts_of(prior), None))
    assert not multipliers.from_prior
    assert multipliers.values[0] == 0


def test_a_slack_aim_is_free() -> None:
    multipliers = made(">= 30 %", 0.5)
    assert follow(multipliers, 0.5) == 0.5
    assert multipliers.values[0] == 0
    assert multipliers.prices[0] == 0


def test_at_most_turns_the_sign() -> None:
    multipliers = made("<= 10 %", 0.5)
    share = follow(multipliers, 0.5)
    assert share == pytest.approx(0.1, abs=3e-3)
    assert multipliers.values[0] == pytest.approx(math.log(9), rel=0.02)


def test_a_price_is_the_slope_of_the_divergence() -> None:
    # KL(b) = b log(b / .5) + (1 - b) log((1 - b) / .5): by finite differences around .8
    def divergence(b: float) -> float:
        return b * math.log(2 * b) + (1 - b) * math.log(2 - 2 * b)

    slope = (divergence(0.801) - divergence(0.799)) / 0.002
    multipliers = made(">= 80 %", 0.5)
    follow(multipliers, 0.5)
    assert slope > 0
    assert multipliers.prices[0] == pytest.approx(slope, rel=0.02)


def test_goals_move_from_the_prior_over_the_first_three_tenths() -> None:
    multipliers = made(">= 90 %", 0.5)
    goals = []
    for update in range(100):
        counts = counts_of(0.5)
        own = features(multipliers.bounds, counts, None)
        multipliers.follow(counts, own, update / 100, 0.01)
        goals.append(float(multipliers.goals[0]))
    assert goals[0] == pytest.approx(0.5)
    assert goals[15] == pytest.approx(0.7, abs=0.005)
    assert goals[30] == pytest.approx(0.9, abs=0.01)
    assert goals[99] >= 0.9


def test_what_nothing_meets_comes_to_its_ceiling() -> None:
    multipliers = made(">= 90 %", 0.5)
    for _ in range(500):
        counts = counts_of(0.5)  # whatever is paid
        own = features(multipliers.bounds, counts, None)
        multipliers.follow(counts, own, 0.6, 0.01)
    assert multipliers.values[0] == pytest.approx(CEILING)  # phi has a range of 1
    assert bool(multipliers.at_ceiling[0])


def test_a_quotient_pays_numerator_and_denominator() -> None:
    bounds = bounds_of(parse_aims({"ratio": ">= 0.5"}))
    counts = torch.tensor([[1.0, 4.0], [2.0, 2.0], [0.0, 0.0]], dtype=torch.float64)
    own = features(bounds, counts, None)
    assert own[:, 0].tolist() == [-1.0, 1.0, 0.0]
    multipliers = Multipliers(bounds, {"ratio": RowRange(0, 1, "ratio")}, counts, own)
    assert multipliers.prior[0] == 0.5
    multipliers.values[0] = 3.0
    assert multipliers.weights().tolist() == [3.0, -3.0 * float(multipliers.goals[0])]
    assert multipliers.prices[0] == 6.0  # E[d] is 2


def test_a_bounded_step_takes_over_what_another_may_not_do() -> None:
    # free: s = (1, 1); the first held at .5 leaves the second 2 - .5 = 1.5 / 1
    curvature = torch.tensor([[1.0, 1.0], [1.0, 1.0]]) + torch.eye(2) * 1e-9
    gradient = torch.tensor([2.0, 2.0])
    low, high = torch.tensor([-9.0, -9.0]), torch.tensor([0.5, 9.0])
    step = bounded_step(curvature, gradient, low, high)
    assert step.tolist() == pytest.approx([0.5, 1.5])
    diagonal = bounded_step(torch.eye(2), torch.tensor([-3.0, 2.0]), -torch.ones(2), high)
    assert diagonal.tolist() == [-1.0, 2.0]


def test_a_row_of_few_steps_has_the_range_of_a_sequence_that_has_some() -> None:
    # of 1,000 sequences 900 have no leap, 99 have one and one has ten: (99 + 100) / (99 + 10)
    leaps = torch.zeros(1000, dtype=torch.float64)
    leaps[:99], leaps[99] = 1.0, 10.0
    counts = torch.stack([0.5 * leaps, leaps], 1)
    bounds = bounds_of(parse_aims({"resolved": ">= 90 %"}))
    phi = features(bounds, counts, None)
    multipliers = Multipliers(bounds, {"resolved": SHARE}, counts, phi)
    assert float(multipliers.span) == pytest.approx(199 / 109)


def test_steps_grow_where_a_row_stays_on_one_side_of_its_goal() -> None:
    """The policy does not move at all, as if the network could not learn the row."""
    multipliers = made(">= 55 %", 0.5, 0.0)
    counts = counts_of(0.5)
    seen = []
    for update in range(300, 600):  # the goal has come to the aim
        own = features(multipliers.bounds, counts, None)
        multipliers.follow(counts, own, update / 1000, 1 / 1000)
        seen.append(float(multipliers.values[0]))
    first, last = seen[1] - seen[0], seen[-1] - seen[-2]
    begun, ended = (1 - (1 - 1 / 270) ** updates for updates in (2, 300))
    assert float(multipliers.side[0]) == pytest.approx(ended, rel=1e-6)
    # 1 / REACTS in the beginning, 1 / .1 at the end; between them steps become slower and longer
    slower = (0.025 + 0.075 * (0.599 - 0.3) / 0.7) / (0.025 + 0.075 * 0.001 / 0.7)
    assert last / first == pytest.approx((1 + 4 * ended**2) / (1 + 4 * begun**2) / slower, rel=0.01)


@pytest.mark.parametrize("updates", [1200, 5400])
def test_the_length_of_a_run_does_not_say_how_soon_steps_grow(updates: int) -> None:
    counts = counts_of(0.5)
    multipliers = made(">= 55 %", 0.5, 0.0, updates=updates)
    for _ in range(40):  # collections, 16 updates from one to the next
        own = features(multipliers.bounds, counts, None)
        multipliers.follow(counts, own, 0.5, 16 / updates)
    assert float(multipliers.side[0]) == pytest.approx(1 - (1 - 16 / 270) ** 40, rel=1e-6)
