"""The nearest distribution under constraints: closed forms, optimality conditions, prices."""

import math

import pytest
import torch

from sequence_tutor.exact import FiniteProblem, StateTable, along_sequences, enumerate_sequences
from sequence_tutor.exact.constrained import (
    Distinct,
    constrained_optimum,
    finite_constrained_optimum,
)
from sequence_tutor.exact.distinct import expected_distinct, spread
from sequence_tutor.toy import make_toy


@pytest.fixture(scope="module")
def log_prior() -> torch.Tensor:
    """Of the 4,096 sequences of the toy problem."""
    toy = make_toy(0)
    return along_sequences(toy.space.log_policy(toy.prior.sequence_log_probs))


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """The share of zeros, whether the first token is a 2, whether the last is as the first."""
    tokens = enumerate_sequences(4, 6).tokens
    first, last = tokens[:, 0], tokens[:, -1]
    return torch.stack([(tokens == 0).double().mean(1), (first == 2).double(), (last == first)])


def bounded(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_one_coin() -> None:
    # p = 1/2, at least .8 heads: lambda = log(.8 / .2), KL = .8 log 1.6 + .2 log .4
    found = constrained_optimum(bounded(0.5, 0.5).log(), bounded(0, 1)[None], bounded(0.8))
    assert found.multipliers.tolist() == pytest.approx([math.log(4)], abs=1e-6)
    assert found.divergence == pytest.approx(0.8 * math.log(1.6) + 0.2 * math.log(0.4), abs=1e-7)
    assert found.log_probs.exp().tolist() == pytest.approx([0.2, 0.8], abs=1e-7)
    assert found.feasible


def test_what_the_prior_meets_is_free(log_prior: torch.Tensor, features: torch.Tensor) -> None:
    found = constrained_optimum(log_prior, features, bounded(0.1, 0.6, 0.5))
    assert found.multipliers[0] == 0
    assert float(found.slack[0]) > 0.3
    assert found.slack[1:].abs().max() < 1e-7
    assert 0 <= found.gap <= 1e-6


def test_a_multiplier_is_what_one_more_unit_costs(
    log_prior: torch.Tensor, features: torch.Tensor
) -> None:
    here = constrained_optimum(log_prior, features, bounded(0.5, 0.6, 0.5))
    step = 1e-4
    for place, price in enumerate(here.multipliers.tolist()):
        costs = []
        for sign in (1, -1):
            bounds = bounded(0.5, 0.6, 0.5)
            bounds[place] += sign * step
            costs.append(constrained_optimum(log_prior, features, bounds).divergence)
        assert (costs[0] - costs[1]) / (2 * step) == pytest.approx(price, rel=1e-3)


def test_what_excludes_one_another_is_recognised(
    log_prior: torch.Tensor, features: torch.Tensor
) -> None:
    opposed = torch.stack([features[0], -features[0]])
    assert not constrained_optimum(log_prior, opposed, bounded(0.6, -0.5)).feasible
    assert constrained_optimum(log_prior, opposed, bounded(0.5, -0.6)).feasible


def test_expected_distinct_by_hand() -> None:
    # two draws of p = (.5, .3, .2) are the same with probability .38: (2 - .38) / 2 are distinct
    assert float(expected_distinct(bounded(0.5, 0.3, 0.2).log(), 2)) == pytest.approx(0.81)
    assert float(expected_distinct(bounded(0.5, 0.3, 0.2).log(), 1)) == pytest.approx(1)


def test_expected_distinct_as_counted(log_prior: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = log_prior.exp().multinomial(200 * 1000, replacement=True, generator=generator)
    counted = sum(len(row.unique()) for row in drawn.view(200, 1000)) / drawn.numel()
    assert float(expected_distinct(log_prior, 1000)) == pytest.approx(counted, abs=0.002)


def test_the_optimum_with_a_share_of_distinct_sequences(
    log_prior: torch.Tensor, features: torch.Tensor
) -> None:
    wanted = Distinct(1000, 0.6)
    found = constrained_optimum(log_prior, features[:2], bounded(0.5, 0.6), wanted)
    assert found.feasible
    assert found.slack.abs().max() < 1e-6
    assert abs(found.gap) <= 1e-6
    *weights, mu = found.multipliers
    bonus = mu * (1 - found.log_probs.exp()) ** (wanted.draws - 1)
    const = found.log_probs - bonus - log_prior - torch.stack(weights) @ features[:2]
    assert float(const.max() - const.min()) < 1e-6  # the condition of the optimum, everywhere


def test_no_multiplier_spreads_nothing(log_prior: torch.Tensor) -> None:
    assert torch.equal(spread(log_prior, 0.0, 1000), log_prior.log_softmax(0))


def test_finite_states_agree_with_the_list_of_all_sequences() -> None:
    generator = torch.Generator().manual_seed(0)
    entries = torch.rand(3, 3, generator=generator, dtype=torch.float64).log().log_softmax(1)
    following = torch.tensor([[0, 1, 2]] * 3)  # the state is the last token
    prior = StateTable(following, entries)
    zeros = torch.zeros_like(entries)
    problem = FiniteProblem(following, entries, zeros, 0, 5)
    counted = zeros.clone()
    counted[:, 0] = 1.0  # zeros
    repeated = torch.eye(3, dtype=torch.float64)  # the token that was the last one already
    bounds = bounded(2.5, 1.5)
    found = finite_constrained_optimum(problem, torch.stack([counted, repeated]), bounds)
    tokens = enumerate_sequences(3, 5).tokens
    listed = constrained_optimum(
        prior.along(tokens).sum(1),
        torch.stack(
            [StateTable(following, one).along(tokens).sum(1) for one in (counted, repeated)]
        ),
        bounds,
    )
    assert found.multipliers.tolist() == pytest.approx(listed.multipliers.tolist(), abs=1e-5)
    assert found.divergence == pytest.approx(listed.divergence, abs=1e-8)
    assert abs(found.gap) <= 1e-6
    assert found.feasible
    never = finite_constrained_optimum(problem, torch.stack([counted, -counted]), bounded(3, -2))
    assert not never.feasible
