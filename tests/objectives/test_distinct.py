"""The share of distinct sequences among N draws, and what a sequence is paid for being rare."""

from __future__ import annotations

import torch

from sequence_tutor.exact import expected_distinct
from sequence_tutor.exact.constrained import spread
from sequence_tutor.objectives.distinct import distinct_share, rarity, rarity_payment


def test_two_draws_of_a_fair_coin() -> None:
    # both draws are the same half of the time: 1.5 distinct of 2, a share of .75
    log_p = torch.tensor([0.5, 0.5]).log()
    assert torch.allclose(distinct_share(log_p, 2), torch.tensor([0.75, 0.75]).double())
    assert torch.allclose(rarity(log_p, 2), torch.tensor([0.5, 0.5]).double())


def test_its_mean_is_the_expected_share() -> None:
    log_p = torch.randn(50, generator=torch.Generator().manual_seed(0)).double().log_softmax(0)
    for draws in (2, 10, 1000):
        mean = log_p.exp() @ distinct_share(log_p, draws)
        assert torch.allclose(mean, expected_distinct(log_p, draws))


def test_rarity_is_the_derivative() -> None:
    p = torch.tensor([0.3, 0.01, 1e-9], dtype=torch.float64, requires_grad=True)
    total = (1 - (1 - p) ** 20).sum() / 20
    (gradient,) = torch.autograd.grad(total, p)
    assert torch.allclose(gradient, rarity(p.detach().log(), 20))


def test_what_nobody_draws_twice_is_wholly_distinct() -> None:
    assert distinct_share(torch.tensor([-300.0]), 100_000) == 1
    assert rarity(torch.tensor([-300.0]), 100_000) == 1


def test_payments_solve_the_optimum_that_is_known_exactly() -> None:
    energy = torch.randn(40, generator=torch.Generator().manual_seed(1)).double() * 2
    mu, draws = 3.0, 25
    log_pi = spread(energy, mu, draws)
    level = float((energy + mu * rarity(log_pi, draws) - log_pi).mean())
    paid = rarity_payment(energy - level, mu, draws)
    assert torch.allclose(energy + paid - level, log_pi, atol=1e-8)
