"""Divergences, worked out by hand, zero probabilities included."""

from math import inf, log

import pytest
import torch

from sequence_tutor.objectives.divergences import (
    k3,
    tempered,
    token_entropy,
    token_kl,
)


def logs(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def test_token_kl_by_hand() -> None:
    # 1/2 ln(1/2 : 1/4) + 1/2 ln(1/2 : 3/4) = ln 2 / 2 + ln(2/3) / 2 = ln(4/3) / 2
    kl = token_kl(logs((1 / 2, 1 / 2)), logs((1 / 4, 3 / 4)))
    assert kl.tolist() == pytest.approx([log(4 / 3) / 2])


def test_token_kl_of_zero_probabilities() -> None:
    log_policy = logs((0, 1), (0, 1), (1 / 2, 1 / 2))
    log_prior = logs((1 / 4, 3 / 4), (0, 1), (0, 1))
    # a token the policy never writes costs nothing; one that the prior never writes, everything
    assert token_kl(log_policy, log_prior).tolist() == pytest.approx([log(4 / 3), 0, inf])


def test_token_kl_of_equal_distributions_is_zero_and_else_positive() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 50, 7, generator=generator).log_softmax(-1)
    assert token_kl(first, first).abs().max() == 0
    assert token_kl(first, second).min() > 0


def test_k3_by_hand() -> None:
    policy, prior = logs((1 / 2, 1 / 2)), logs((1 / 4, 3 / 4))
    # p / pi - 1 - ln(p / pi) of 1/2 and 3/2; their mean under pi is KL(pi || p)
    found = k3(policy, prior)
    assert found[0].tolist() == pytest.approx([log(2) - 1 / 2, 1 / 2 - log(3 / 2)])
    assert found.mean().item() == pytest.approx(token_kl(policy, prior).item())


def test_entropy_by_hand() -> None:
    # uniform over four: ln 4; one token for sure: 0; a half and two quarters: 3/2 ln 2
    entropy = token_entropy(
        logs((1 / 4, 1 / 4, 1 / 4, 1 / 4), (0, 1, 0, 0), (1 / 2, 1 / 4, 1 / 4, 0))
    )
    assert entropy.tolist() == pytest.approx([log(4), 0, 1.5 * log(2)])


def test_tempered_divides_logs_and_normalises() -> None:
    log_probs = torch.tensor([0.2, 0.8], dtype=torch.float64).log()
    flatter = tempered(log_probs, 2.0).exp()
    root = torch.tensor([0.2, 0.8], dtype=torch.float64).sqrt()
    torch.testing.assert_close(flatter, root / root.sum())
    assert tempered(log_probs, 1.0) is log_probs
