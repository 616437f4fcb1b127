"""Weighted maximum likelihood by hand, and its gradient against that of the exact divergence."""

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.objectives.forward_kl import (
    gains_on_proposal,
    normalised_weights,
    weighted_likelihood,
)


def test_weights_in_full_by_hand() -> None:
    log_weights = torch.tensor([0.0, 0.0, math.log(2)], dtype=torch.float64) + 100
    # 1 / (1/16 + 1/16 + 1/4) = 8/3 sequences count: more than .8 of 3
    for counting in (0.0, 0.8):
        weights = normalised_weights(log_weights, counting)
        torch.testing.assert_close(weights, torch.tensor([0.25, 0.25, 0.5], dtype=torch.float64))


def test_weights_are_flattened_until_enough_count() -> None:
    log_weights = torch.tensor([0.0, 3.0, 10.0, 10.0], dtype=torch.float64)
    weights = normalised_weights(log_weights, 0.75)
    assert abs(1 / float(weights.square().sum()) - 3) < 1e-4
    a = float((weights[1] / weights[0]).log()) / 3
    assert 0 < a < 0.2
    torch.testing.assert_close(weights, (a * log_weights).softmax(0))


def test_missed_by_hand() -> None:
    log_policy = torch.tensor([math.log(0.5), math.log(0.25)], requires_grad=True)
    log_sampled = torch.tensor([math.log(0.25), math.log(0.25)])
    missed = weighted_likelihood(log_policy, log_sampled, torch.tensor([0.25, 0.75]))
    # v = 1/2, 3/2 and u = 2, 1: v log(v / u) - v + u
    expected = [0.5 * math.log(0.25) + 1.5, 1.5 * math.log(1.5) - 0.5]
    torch.testing.assert_close(missed, torch.tensor(expected))
    missed.sum().backward()
    torch.testing.assert_close(log_policy.grad, torch.tensor([1.5, -0.5]))  # u - v
    never = weighted_likelihood(log_policy, log_sampled, torch.tensor([0.0, 1.0]))
    assert bool(never.isfinite().all())  # a sequence of weight 0


def test_its_gradient_is_that_of_the_forward_divergence() -> None:
    proposal, target = [0, 0, 1, 2], torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    q = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)  # as often as above
    logits = torch.tensor([0.3, -0.2, 0.8], dtype=torch.float64, requires_grad=True)

    def loss() -> Tensor:
        log_policy = logits.log_softmax(0)
        log_weights = (7 * target / q).log()  # known but for a factor, 1 / Z
        weights = normalised_weights(log_weights[proposal], 0.0)
        return weighted_likelihood(log_policy[proposal], q.log()[proposal], weights).mean()

    (gradient,) = torch.autograd.grad(loss(), logits)
    divergence = (target * (target.log() - logits.log_softmax(0))).sum()
    (exact,) = torch.autograd.grad(divergence, logits)
    torch.testing.assert_close(gradient, exact)
    torch.testing.assert_close(loss(), divergence)
    with torch.no_grad():
        logits.copy_(target.log())
    (gradient,) = torch.autograd.grad(loss(), logits)
    assert gradient.abs().max() < 1e-12
    assert abs(loss().item()) < 1e-12


def test_what_a_policy_gains_on_its_proposal_is_the_difference_of_total_variations() -> None:
    # over a space drawn exactly as q says, the estimate is exact: 4 of a, 4 of b, 2 of c
    q, target, policy = (
        torch.tensor(one) for one in ([0.4, 0.4, 0.2], [0.7, 0.2, 0.1], [0.5, 0.3, 0.2])
    )
    drawn = torch.tensor([0] * 4 + [1] * 4 + [2] * 2)
    weights, ratio = (target / q).log()[drawn] + 3.0, (policy / q).log()[drawn]  # Z is exp(3)
    before, after = ((target - one).abs().sum() / 2 for one in (q, policy))
    assert float(gains_on_proposal(weights, ratio)) == pytest.approx(
        float(before - after), abs=1e-6
    )
    assert float(gains_on_proposal(weights, torch.zeros(10))) == pytest.approx(0.0, abs=1e-6)
