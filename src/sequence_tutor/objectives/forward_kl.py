"""Maximum likelihood on weighted samples: the divergence KL(target || pi), the other way round.

The target is that of KL-control, p(x) exp(r(x) / c) / Z. Samples x of a proposal q have the weights

    w(x) = p(x) exp(r(x) / c) / q(x),

whose mean is Z, so that E_q[w log pi] / Z = E_target[log pi]: pi learns the target by maximum
likelihood. With q = p the weights are exp(r / c) (Norouzi et al. 2016, *Reward augmented maximum
likelihood for neural structured prediction*, https://arxiv.org/abs/1609.00150, whose reference is
uniform where ours is p); with q = pi they are those of distributional policy gradients (Parshakova
et al. 2019, https://arxiv.org/abs/1912.08517; Khalifa et al. 2021,
https://arxiv.org/abs/2012.11635).

Shapes: B sequences.
"""

from __future__ import annotations

import torch
from torch import Tensor

HALVINGS = 20


def normalised_weights(log_weights: Tensor, counting: float) -> Tensor:
    """Weights proportional to w^a, with the largest a up to 1 at which enough sequences count.

    The effective number of sequences, 1 / sum of squares, is then at least a share of all.

    Args:
        log_weights: (B,) log w.
        counting: that share, 0..1; 0: a is 1.

    Returns:
        (B,) with sum 1.
    """
    fewest = counting * len(log_weights)
    if _effective(log_weights.softmax(0)) >= fewest:
        return log_weights.softmax(0)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        few = _effective((middle * log_weights).softmax(0)) < fewest
        low, high = (low, middle) if few else (middle, high)
    return (low * log_weights).softmax(0)


def weighted_likelihood(log_policy: Tensor, log_sampled: Tensor, weights: Tensor) -> Tensor:
    """By how much pi misses the weighted samples: B v log(v / u) - v + u of each, v = w / mean w.

    u = pi / q is the ratio that v is to become. The mean of u under q is 1 whatever pi is, so it
    changes nothing but the noise: the gradient -(v - u) grad log pi is that of -v log pi, weighted
    maximum likelihood, and vanishes for each sequence where pi is the target.

    Args:
        log_policy: (B,) log pi(x) of whole sequences.
        log_sampled: (B,) log q(x), without gradient; likewise `weights`.
        weights: (B,) with sum 1.

    Returns:
        (B,), each at least 0.
    """
    wanted = (len(weights) * weights).detach()
    ratio = log_policy - log_sampled.detach()  # log u
    return torch.xlogy(wanted, wanted) - wanted * ratio - wanted + ratio.exp()


def gains_on_proposal(log_weights: Tensor, log_ratio: Tensor) -> Tensor:
    """By how much the policy is nearer to the target than the proposal, by total variation.

    TV(target, q) - TV(target, pi) = mean over x of q of (|w / Z - 1| - |w / Z - u|) / 2, with
    u = pi(x) / q(x) and Z the mean of w (Khalifa et al. 2021, Eq. 8 and appendix B.2, where it
    decides on the proposal of their Algorithm 1). Both are estimated on the same sequences, so
    what they share cancels.

    Args:
        log_weights: (B,) log w.
        log_ratio: (B,) log u.

    Returns:
        A scalar, -1..1; above 0 the policy is nearer.
    """
    wanted = len(log_weights) * log_weights.softmax(0)
    return ((wanted - 1).abs() - (wanted - log_ratio.exp()).abs()).mean() / 2


def _effective(weights: Tensor) -> float:
    """The effective number of sequences."""
    return 1 / float(weights.square().sum())
