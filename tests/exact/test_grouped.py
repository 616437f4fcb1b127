"""The fixed point of GRPO: a problem by hand, and the gradient of its loss there."""

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.exact import (
    along_sequences,
    group_relative_optimum,
    kl_to_optimum,
    soft_optimum,
)
from sequence_tutor.objectives.divergences import k3
from sequence_tutor.toy import make_toy


def test_two_sequences_by_hand() -> None:
    # p = 1/2, r = 0 and 1. With pi = (1 - x, x): sigma^2 = x (1 - x), V = x, and for the second
    # token x (c sigma + x - 1) = c sigma / 2, so that x - 1/2 = x (1 - x) / (c sigma) = sigma / c.
    # Squared: x (1 - x) = c^2 (x - 1/2)^2, hence (x - 1/2)^2 = 1 / (4 (1 + c^2))
    for c in (0.5, 1.0, 2.0):
        prior = (torch.tensor([[0.5, 0.5]], dtype=torch.float64).log(),)
        found = group_relative_optimum(prior, (torch.tensor([[0.0, 1.0]]).double(),), c)
        x = 0.5 + 0.5 / math.sqrt(1 + c * c)
        torch.testing.assert_close(found.log_policy[0].exp(), torch.tensor([[1 - x, x]]).double())
        assert found.deviation == pytest.approx(math.sqrt(x * (1 - x)))


@pytest.mark.parametrize("c", [0.4, pytest.param(1.0, marks=pytest.mark.long)])
def test_the_gradient_of_its_loss_vanishes_there(c: float) -> None:
    toy = make_toy(1, vocab_size=3, length=3, width=8)
    prior, reward = toy.log_prior(), toy.rewards()

    def gradient(policy: tuple[Tensor, ...]) -> Tensor:
        logits = [level.clone().requires_grad_() for level in policy]
        log_policy = tuple(level.log_softmax(1) for level in logits)
        probability = along_sequences(policy).exp()
        total = along_sequences(reward)
        mean = probability @ total
        advantage = (total - mean) / (probability @ (total - mean).square()).sqrt()
        apart = tuple(k3(now, p) for now, p in zip(log_policy, prior, strict=True))
        # tokens held fixed: k3 of each, over the sequences of the policy
        loss = probability @ (c * along_sequences(apart) - advantage * along_sequences(log_policy))
        return torch.cat([part.flatten() for part in torch.autograd.grad(loss, logits)])

    found = group_relative_optimum(prior, reward, c).log_policy
    assert gradient(prior).abs().max() > 0.01
    assert gradient(found).abs().max() < 1e-7
    assert kl_to_optimum(found, soft_optimum(prior, reward, c, 1.0).log_policy) > 0.01


def test_a_token_that_the_prior_never_writes_stays_out() -> None:
    prior = (torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64).log(),)
    reward = (torch.tensor([[0.0, 1.0, 9.0]], dtype=torch.float64),)
    found = group_relative_optimum(prior, reward, 1.0).log_policy[0].exp()
    assert found[0, 2] == 0
    assert found.sum().item() == pytest.approx(1.0)
