"""The share of distinct sequences among N draws, from log pi alone.

    D_N(pi) = sum_x (1 - (1 - pi(x))^N) / N = E_pi[(1 - (1 - pi(x))^N) / (N pi(x))]

so it can be estimated from the probabilities of sequences drawn from pi, without N draws. D_N is
concave in pi, with derivative (1 - pi(x))^(N-1): the probability that N - 1 other draws do not
repeat x. Where it has the multiplier mu, the distribution nearest to a reference satisfies

    log pi(x) - mu (1 - pi(x))^(N-1) = energy(x) - const,

so each sequence is in effect paid mu times its rarity; see `exact.constrained.spread`.
"""

from __future__ import annotations

import torch
from torch import Tensor

BISECTIONS = 50


def distinct_share(log_policy: Tensor, draws: int) -> Tensor:
    """An unbiased estimate of D_N from each of some draws of pi; average them.

    Args:
        log_policy: (B,) log pi(x) of whole sequences that pi has drawn.
        draws: N.

    Returns:
        (B,) float64, each from 1 / N to 1.
    """
    p = log_policy.double().exp().clamp(max=1.0)
    missed = draws * torch.log1p(-p)  # the log of (1 - p)^N
    return (-torch.expm1(missed) / (draws * p).clamp(min=1e-300)).where(draws * p > 1e-12, 1.0)


def rarity(log_policy: Tensor, draws: int) -> Tensor:
    """(1 - pi(x))^(N-1), the derivative of N D_N / N by pi(x); (B,) float64."""
    p = log_policy.double().exp().clamp(max=1.0)
    return torch.exp((draws - 1) * torch.log1p(-p))


def rarity_payment(energy: Tensor, mu: float, draws: int) -> Tensor:
    """Payment of each sequence for its rarity in the policy that the energies define, in nats.

    With y = log pi(x) it is y - energy(x), where y - mu (1 - e^y)^(N-1) = energy(x). The left side
    rises with y, so y follows by bisection.

    Args:
        energy: (B,), log p + r / c + lambda . phi - const.
        mu: multiplier of D_N, 0 or more.
        draws: N.

    Returns:
        (B,) float64, from 0 to mu.
    """
    energy = energy.double()
    low, high = torch.zeros_like(energy), torch.full_like(energy, mu)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        too_low = middle < mu * rarity((energy + middle).clamp(max=0.0), draws)
        low, high = low.where(~too_low, middle), high.where(too_low, middle)
    return (low + high) / 2
