"""What an actor and a critic of all tokens learn from, Bahdanau et al. 2017 in KL-control.

Source: *An actor-critic algorithm for sequence prediction* (https://arxiv.org/abs/1607.07086).
Q(s, a) is a critic's action value, with log p(a|s) in it as in Psi-learning.

Shapes: (..., V) tokens of a vocabulary.
"""

from __future__ import annotations

from torch import Tensor

BARRED = -1e8
"""Log-probability below which a token is one that may not be chosen, however unlikely others are.
"""


def mean_value(q: Tensor, log_policy: Tensor) -> Tensor:
    """V(s) = sum_a pi(a|s) (Q(s, a) - log pi(a|s)), (..., V) -> (...).

    It is log sum_a exp Q(s, a) if pi is the softmax of Q, and less otherwise.
    """
    probability = log_policy.exp()
    # 0 log 0 = 0: a token of probability 0 adds nothing
    return (probability * (q - log_policy).where(probability > 0, 0.0)).sum(-1)


def actor_loss(log_policy: Tensor, q: Tensor) -> Tensor:
    """Minus V(s), whose gradient is minus that of the policy over all tokens (their Eq. 7).

    Args:
        log_policy: (..., V), log pi(.|s), normalised.
        q: (..., V), without gradient.

    Returns:
        (...).
    """
    return -mean_value(q.detach(), log_policy)


def variance(values: Tensor, log_policy: Tensor) -> Tensor:
    """Sum over tokens of the squared distance from their mean, (..., V) -> (...) (section 3.3).

    Tokens that the policy `log_policy` (..., V) may not choose do not count.
    """
    tried = log_policy > BARRED
    mean = values.where(tried, 0.0).sum(-1, keepdim=True) / tried.sum(-1, keepdim=True)
    return (values - mean).where(tried, 0.0).square().sum(-1)
