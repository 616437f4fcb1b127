"""Optima by hand, soft against Gibbs, and the two limits of the temperature.

The hand-worked problem has two tokens and two steps; c = 2.

| s | p(. given s) | exp(r / c) |
|---|---|---|
| - | 1/4, 3/4 | 2, 1 |
| 0 | 1/2, 1/2 | 1, 3 |
| 1 | 1/3, 2/3 | 3, 3/2 |
"""

from math import log, sqrt

import pytest
import torch

from sequence_tutor.exact import (
    Levels,
    along_sequences,
    gibbs_distribution,
    hard_optimum,
    kl_to_optimum,
    soft_optimum,
)
from sequence_tutor.toy import ToyProblem, make_toy

C = 2.0


def log_levels(*levels: list[list[float]]) -> Levels:
    return tuple(torch.tensor(level, dtype=torch.float64).log() for level in levels)


PRIOR = log_levels([[1 / 4, 3 / 4]], [[1 / 2, 1 / 2], [1 / 3, 2 / 3]])
REWARD = tuple(C * level for level in log_levels([[2, 1]], [[1, 3], [3, 3 / 2]]))


def test_soft_optimum_by_hand() -> None:
    # V(0) = ln(1/2 + 3/2) = ln 2, V(1) = ln(3/3 + 2/3 * 3/2) = ln 2
    # Z = 1/4 * 2 * 2 + 3/4 * 1 * 2 = 5/2, and p exp(r/c) / Z = .25, .75, .75, .75 over 5/2
    optimum = soft_optimum(PRIOR, REWARD, C, discount=1.0)
    assert optimum.value == pytest.approx(log(5 / 2))
    assert optimum.psi[0].tolist() == [pytest.approx([log(1), log(3 / 2)])]
    assert optimum.g[0].tolist() == [pytest.approx([log(4), log(2)])]
    sequences = along_sequences(optimum.log_policy).exp()
    assert sequences.tolist() == pytest.approx([0.1, 0.3, 0.3, 0.3])


def test_discounted_soft_optimum_by_hand() -> None:
    # at gamma = 1/2 both tokens of the first step add ln 2 / 2: 1/4 * 2 + 3/4 = 5/4
    optimum = soft_optimum(PRIOR, REWARD, C, discount=0.5)
    assert optimum.value == pytest.approx(log(5 / 4 * sqrt(2)))
    assert optimum.log_policy[0].exp().tolist() == [pytest.approx([2 / 5, 3 / 5])]


def test_hard_optimum_by_hand() -> None:
    # max Q(0, .) = ln max(1/2, 3/2), max Q(1, .) = ln max(1, 1) = 0
    optimum = hard_optimum(REWARD, C, 0.5, PRIOR)
    assert optimum.q[0].tolist() == [pytest.approx([log(1 / 2) + log(3 / 2) / 2, log(3 / 4)])]
    assert optimum.value == pytest.approx(log(3 / 4))


def test_hard_optimum_without_a_prior_by_hand() -> None:
    # max Q(0, .) = max Q(1, .) = ln 3
    optimum = hard_optimum(REWARD, C, 1.0)
    assert optimum.q[0].tolist() == [pytest.approx([log(6), log(3)])]
    # softmax(Q) is 2/3, 1/3 at first; after 0 it is 1/4, 3/4
    sequences = along_sequences(optimum.log_policy).exp()
    assert sequences[:2].tolist() == pytest.approx([1 / 6, 1 / 2])


TOYS = [
    pytest.param(make_toy(0), id="per token"),
    pytest.param(make_toy(1, terminal=True), id="terminal"),
    pytest.param(make_toy(2, end_token=0), id="end token 0"),
    pytest.param(make_toy(3, end_token=3, terminal=True), id="terminal, end token 3"),
]


def tables(toy: ToyProblem) -> tuple[Levels, Levels]:
    rewards = toy.space.rewards(lambda batch: toy.reward(batch).sum(2))
    return toy.space.log_policy(toy.prior.sequence_log_probs), rewards


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("c", [0.5, 1.0, 4.0])
def test_dynamic_programming_agrees_with_the_definition_at_gamma_1(
    toy: ToyProblem, c: float
) -> None:
    log_prior, reward = tables(toy)
    optimum = soft_optimum(log_prior, reward, c, discount=1.0)
    gibbs = gibbs_distribution(log_prior, reward, c)
    assert optimum.value == pytest.approx(gibbs.log_z, abs=1e-10)
    difference = along_sequences(optimum.log_policy).exp() - gibbs.log_probs.exp()
    assert float(difference.abs().max()) < 1e-10
    possible = gibbs.log_probs > -torch.inf
    difference = (along_sequences(optimum.log_policy) - gibbs.log_probs)[possible]
    assert float(difference.abs().max()) < 1e-10
    assert float(gibbs.log_probs.exp().sum()) == pytest.approx(1)


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("discount", [0.0, 0.5, 1.0])
def test_tables_obey_their_bellman_equations(toy: ToyProblem, discount: float) -> None:
    log_prior, reward = tables(toy)
    soft = soft_optimum(log_prior, reward, 0.7, discount)
    hard = hard_optimum(reward, 0.7, discount, log_prior)
    for t in range(toy.space.length - 1):
        shape = reward[t].shape
        v_next = soft.psi[t + 1].logsumexp(1).view(shape)
        torch.testing.assert_close(soft.psi[t], log_prior[t] + reward[t] / 0.7 + discount * v_next)
        v_next = (log_prior[t + 1] + soft.g[t + 1]).logsumexp(1).view(shape)
        torch.testing.assert_close(soft.g[t], reward[t] / 0.7 + discount * v_next)
        v_next = hard.q[t + 1].amax(1).view(shape)
        torch.testing.assert_close(hard.q[t], log_prior[t] + reward[t] / 0.7 + discount * v_next)


@pytest.mark.parametrize("toy", TOYS)
def test_an_infinite_temperature_leaves_the_prior(toy: ToyProblem) -> None:
    log_prior, reward = tables(toy)
    for discount in (0.5, 1.0):
        optimum = soft_optimum(log_prior, reward, 1e9, discount)
        # at gamma < 1 too: V is log 1 = 0 everywhere, so nothing is discounted
        assert kl_to_optimum(optimum.log_policy, log_prior) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("discount", [0.5, 1.0])
def test_a_temperature_of_zero_leaves_the_greedy_sequence(toy: ToyProblem, discount: float) -> None:
    log_prior, reward = tables(toy)
    c = 1e-3
    optimum = soft_optimum(log_prior, reward, c, discount)
    probability, best = along_sequences(optimum.log_policy).max(0)
    discounted = tuple(discount**t * level for t, level in enumerate(reward))
    possible = along_sequences(log_prior)
    earned = along_sequences(discounted).where(possible > -torch.inf, -torch.inf)
    assert float(probability.exp()) > 0.999
    assert int(best) == int(earned.argmax())
    # V is the log of a mean, so at most the best, and at least the best's share of it
    most = float(earned.max())
    assert most + c * float(possible[best]) - 1e-6 < c * optimum.value < most + 1e-6


def test_the_hard_value_is_what_the_best_sequence_earns() -> None:
    log_prior, reward = tables(make_toy(4))
    paid = tuple(p + r / 0.5 for p, r in zip(log_prior, reward, strict=True))
    assert hard_optimum(reward, 0.5, 1.0, log_prior).value == pytest.approx(
        float(along_sequences(paid).max())
    )
