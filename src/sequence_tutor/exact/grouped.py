"""The fixed point of GRPO, by dynamic programming.

GRPO (Shao et al. 2024, Eq. 3 and 4) learns from rewards that are divided by their standard
deviation sigma over the sequences of the policy, and adds beta times k3 as a loss. The mean
gradient of k3 at a state is that of beta KL(p || pi), visited states held fixed, so that both
gradients cancel where, at every state and for every token,

    pi(a|s) (Q(s, a) - V(s)) / sigma  +  beta (p(a|s) - pi(a|s))  =  0,

with Q the mean reward to come under pi and V its mean under pi(.|s). Hence

    pi(a|s) = p(a|s) t / (t + V(s) - Q(s, a)),      t = beta sigma,

where V(s) is the one number at which this sums to 1. It differs from the optimum of KL-control,
p exp(Q / t) / Z, in two ways: the temperature t follows the spread of rewards that the policy has
left, and tokens are given up like 1 / (V - Q) instead of exponentially.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.exact.space import Levels, along_sequences

HALVINGS = 60
ITERATIONS = 500
CLOSE = 1e-10


@dataclass(frozen=True)
class GroupRelativeOptimum:
    """The fixed point of GRPO.

    Attributes:
        log_policy: log pi(a|s).
        deviation: sigma, the standard deviation of a sequence's reward under pi.
    """

    log_policy: Levels
    deviation: float


def group_relative_optimum(log_prior: Levels, reward: Levels, c: float) -> GroupRelativeOptimum:
    """The policy and the standard deviation of its rewards that belong together.

    Found by iteration from the prior's standard deviation.

    Args:
        log_prior: log p(a|s).
        reward: r(s, a).
        c: beta, the weight of k3 in units of sigma.
    """
    total = along_sequences(reward)  # (V^T,)
    deviation, policy = _deviation(log_prior, total), log_prior
    for _ in range(ITERATIONS):
        policy = _at_temperature(log_prior, reward, c * deviation)
        found = _deviation(policy, total)
        if abs(found - deviation) < CLOSE:
            break
        deviation = (deviation * found) ** 0.5
    return GroupRelativeOptimum(policy, deviation)


def _at_temperature(log_prior: Levels, reward: Levels, temperature: float) -> Levels:
    """Log pi(a|s) where t is given."""
    policy: list[Tensor] = []
    value = reward[-1].new_zeros(reward[-1].numel())  # (V^T,): nothing after the last token
    for prior_t, reward_t in zip(reversed(log_prior), reversed(reward), strict=True):
        q = reward_t + value.view_as(reward_t)  # (V^t, V)
        value = _balanced(prior_t, q, temperature)  # (V^t,)
        odds = temperature / (temperature + value[:, None] - q)
        policy.insert(0, (prior_t + odds.log()).where(prior_t > -torch.inf, -torch.inf))
    return tuple(policy)


def _balanced(log_prior: Tensor, q: Tensor, temperature: float) -> Tensor:
    """V(s) (N,) at which p t / (t + V - Q) sums to 1, by bisection; tables are (N, V)."""
    prior = log_prior.exp()
    best = q.where(prior > 0, -torch.inf).amax(1)
    low, high = best - temperature, best
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        left = temperature + middle[:, None] - q
        over = (prior * temperature / left).where(prior > 0, 0.0).sum(1) > 1
        low, high = middle.where(over, low), high.where(over, middle)
    return high


def _deviation(log_policy: Levels, total: Tensor) -> float:
    """The standard deviation of a sequence's reward (V^T,) under a policy."""
    probability = along_sequences(log_policy).exp()
    mean = (probability * total).sum()
    return float((probability * (total - mean).square()).sum().sqrt())
