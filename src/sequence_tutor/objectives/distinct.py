"""The share of distinct sequences among N draws, from log pi alone.

    D_N(pi) = sum_x (1 - (1 - pi(x))^N) / N = E_pi[(1 - (1 - pi(x))^N) / (N pi(x))]

so it can be estimated from the probabilities of sequences drawn from pi, without N draws. D_N is
concave in pi, with derivative (1 - pi(x))^(N-1): the probability that N - 1 other draws do not
repeat x. Where it has the multiplier mu, the distribution nearest to a reference satisfies

    log pi(x) - mu (1 - pi(x))^(N-1) = energy(x) - const,

so each sequence is in effect paid mu times its rarity; see `exact.distinct.spread`.
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


def answer(log_policy: Tensor, mu: float, draws: int) -> Tensor:
    """How much of a change of its energy a sequence's log pi takes, (B,) float64, from 0 to 1.

    The payment for rarity falls while a sequence becomes likelier: with y - mu (1 - e^y)^(N-1) =
    energy, d y / d energy = 1 / (1 + mu (N - 1) pi (1 - pi)^(N-2)).
    """
    log_pi = log_policy.double()
    p = log_pi.exp().clamp(max=1.0)
    falls = torch.exp(log_pi + (draws - 2) * torch.log1p(-p)) if draws > 2 else p
    return 1 / (1 + mu * (draws - 1) * falls)


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


def distinct_of_counts(others: Tensor, sample: int, draws: int) -> Tensor:
    """What each of some draws says of D_N of a property; the mean of it estimates D_N.

    A draw whose value K of the other N - 1 draws share counts 1 / (1 + K); K is hypergeometric.

    Args:
        others: (B,) how many sequences of an independent sample have the same value.
        sample: W, size of that sample, at least N - 1.
        draws: N.

    Returns:
        (B,) float64.
    """
    n = others.double()
    missed = _log_choose(sample - n, draws) - _log_choose(n.new_tensor(sample + 1.0), draws)
    return (sample + 1) / draws * -torch.expm1(missed) / (n + 1)


def rarity_of_counts(others: Tensor, sample: int, draws: int) -> Tensor:
    """How likely no other of N draws has the same value, (B,) float64; arguments as above."""
    n = others.double()
    among = _log_choose(n.new_tensor(float(sample)), draws - 1)
    return torch.exp(_log_choose(sample - n, draws - 1) - among)


def _log_choose(items: Tensor, chosen: int) -> Tensor:
    """Log of the binomial coefficient; -inf where there are too few items."""
    left = items - chosen
    size = torch.lgamma(items + 1) - torch.lgamma(left.clamp(min=0) + 1)
    size = size - torch.lgamma(items.new_tensor(chosen + 1.0))
    return size.where(left >= 0, -torch.inf)
