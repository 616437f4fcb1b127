"""Finite-state optima against enumeration, and at sizes that cannot be enumerated."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
import torch

from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.exact.finite_state import (
    FiniteProblem,
    StateTable,
    finite_hard_optimum,
    finite_soft_optimum,
)
from sequence_tutor.sampling.importance import optimality


def random_prior(states: int, vocab_size: int, seed: int) -> StateTable:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(states, vocab_size, generator=generator, dtype=torch.float64)
    following = torch.randint(states, (states, vocab_size), generator=generator)
    return StateTable(following, logits.log_softmax(1))


def no_third(state: Hashable, token: int) -> tuple[Hashable, float]:
    """Pays 1 for a change of token and takes 5 for the third equal one in a row."""
    assert isinstance(state, tuple)
    last, run = state
    run = run + 1 if token == last else 1
    return (token, min(run, 3)), (-5.0 if run > 2 else float(token != last))


def problem(vocab_size: int, length: int, states: int = 5, seed: int = 0) -> FiniteProblem:
    reward = StateTable.from_rule(no_third, (-1, 0), vocab_size)
    return FiniteProblem.product(random_prior(states, vocab_size, seed), reward, length)


def test_a_rule_becomes_a_table() -> None:
    table = StateTable.from_rule(no_third, (-1, 0), 2)
    # the start, and runs of one, two, and three or more of each token
    assert len(table.next_state) == 7
    tokens = torch.tensor([[0, 0, 0, 0, 1], [1, 0, 1, 1, 1]])
    assert table.along(tokens).tolist() == [[1, 0, -5, -5, 1], [1, 1, 1, 0, -5]]


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_the_soft_optimum_is_the_gibbs_distribution(c: float) -> None:
    prior = random_prior(4, 3, seed=1)
    reward = StateTable.from_rule(no_third, (-1, 0), 3)
    optimum = finite_soft_optimum(FiniteProblem.product(prior, reward, 5), c)
    tokens = enumerate_sequences(3, 5).tokens
    energy = prior.along(tokens).sum(1) + reward.along(tokens).sum(1) / c
    assert optimum.value == pytest.approx(float(energy.logsumexp(0)))
    torch.testing.assert_close(optimum.log_probs(tokens).sum(1), energy - energy.logsumexp(0))


def test_discounted_values_by_hand() -> None:
    # one state, two tokens paying 1 and 3 at c = 1 and T = 2, p = 1/2: V_1 = log(e + e^3) - log 2
    prior = StateTable(torch.zeros(1, 2, dtype=torch.int64), torch.full((1, 2), 0.5).log().double())
    reward = StateTable(torch.zeros(1, 2, dtype=torch.int64), torch.tensor([[1.0, 3.0]]).double())
    two = FiniteProblem.product(prior, reward, 2)
    last = torch.tensor([1.0, 3.0]).logsumexp(0) - torch.tensor(2.0).log()
    assert finite_soft_optimum(two, 1.0, 0.5).value == pytest.approx(float(1.5 * last), rel=1e-6)
    hard = 3 - torch.tensor(2.0).log()
    assert finite_hard_optimum(two, 1.0, 0.5).value == pytest.approx(float(1.5 * hard), rel=1e-6)


def test_the_greedy_sequence_earns_the_hard_value() -> None:
    prior, reward = random_prior(4, 3, seed=2), StateTable.from_rule(no_third, (-1, 0), 3)
    tokens = enumerate_sequences(3, 5).tokens
    earned = prior.along(tokens).sum(1) + reward.along(tokens).sum(1) / 0.7
    optimum = finite_hard_optimum(FiniteProblem.product(prior, reward, 5), 0.7)
    assert optimum.value == pytest.approx(float(earned.max()))


def test_every_exact_sample_has_weight_z() -> None:
    large = problem(vocab_size=38, length=32, states=300)
    optimum = finite_soft_optimum(large, 1.0)
    batch = optimum.sample(500, torch.Generator().manual_seed(0))
    state = torch.full((500,), large.start)
    energy = torch.zeros(500, dtype=torch.float64)
    for column in batch.tokens.unbind(1):
        energy += large.log_prior[state, column] + large.reward[state, column]
        state = large.next_state[state, column]
    weights = energy - optimum.log_probs(batch.tokens).sum(1)
    torch.testing.assert_close(weights, torch.full_like(weights, optimum.value))
    assert optimality(weights).gap == pytest.approx(0, abs=1e-9)


def test_only_reachable_states_are_kept() -> None:
    # the prior's second state cannot be reached
    prior = StateTable(torch.tensor([[0, 0], [1, 0]]), torch.full((2, 2), 0.5).log().double())
    reward = StateTable.from_rule(no_third, (-1, 0), 2)
    assert len(FiniteProblem.product(prior, reward, 3).next_state) == 7


def test_bad_tables_are_refused() -> None:
    with pytest.raises(ValueError, match=r"states must be 0 \.\. 0"):
        StateTable(torch.ones(1, 2, dtype=torch.int64), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="entries must be"):
        StateTable(torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 3))
    with pytest.raises(ValueError, match="the prior has 2 tokens, the reward 3"):
        FiniteProblem.product(random_prior(1, 2, 0), StateTable.from_rule(no_third, (-1, 0), 3), 2)
