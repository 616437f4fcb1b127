"""The share of distinct sequences among N draws, and what a sequence is paid for being rare."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.exact import expected_distinct
from sequence_tutor.exact.distinct import spread
from sequence_tutor.objectives.distinct import answer, distinct_share, rarity, rarity_payment


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


@pytest.mark.parametrize(
    "mu", [8.0, *(pytest.param(mu, marks=pytest.mark.long) for mu in (0.5, 30.0))]
)
def test_what_sequences_answer_is_how_the_share_changes(mu: float) -> None:
    """On 60 sequences whose energies are known, beside finite differences of the fixed point."""
    energy = (torch.randn(60, dtype=torch.float64, generator=generator()) * 2).log_softmax(0)
    draws = 20

    def policy(at: float, more: float = 0.0) -> Tensor:
        level, paid = 0.0, torch.zeros_like(energy)
        features = torch.linspace(0, 1, 60, dtype=torch.float64)
        for _ in range(400):
            paid = energy + more * features - level
            excess = float((paid + rarity_payment(paid, at, draws)).logsumexp(0))
            if abs(excess) < 1e-14:
                break  # the fixed point, to the last digit
            level += excess
        return paid + rarity_payment(paid, at, draws)

    def share(log_pi: Tensor) -> float:
        return float(-torch.expm1(draws * torch.log1p(-log_pi.exp())).sum() / draws)

    log_pi, step = policy(mu), 1e-4
    own = torch.stack([rarity(log_pi, draws), torch.linspace(0, 1, 60, dtype=torch.float64)])
    answers = answer(log_pi, mu, draws)
    mean = (log_pi.exp() * answers * own).sum(1) / (log_pi.exp() * answers).sum()
    moved = answers * (own - mean[:, None])  # d log pi by mu, and by the multiplier of the other
    by_mu = (log_pi.exp() * moved[0] * own[0]).sum()
    assert by_mu == pytest.approx(
        (share(policy(mu + step)) - share(policy(mu - step))) / (2 * step), rel=1e-3
    )
    by_other = (log_pi.exp() * moved[1] * own[0]).sum()
    assert by_other == pytest.approx(
        (share(policy(mu, step)) - share(policy(mu, -step))) / (2 * step), rel=1e-3
    )
    plain = float((log_pi.exp() * (own[0] - (log_pi.exp() * own[0]).sum()) ** 2).sum())
    assert float(by_mu) < plain  # as if all answered alike
