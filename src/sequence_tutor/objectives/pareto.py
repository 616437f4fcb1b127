"""The tail of importance weights: can their mean be trusted?

Source: Vehtari et al. 2024, *Pareto smoothed importance sampling*, section 3; the fit is that of
Zhang and Stephens 2009, *A new and efficient estimation method for the generalized Pareto
distribution*, section 4, with the prior on k of the former, Appendix C.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LARGEST = 4096
"""At most so many of the largest weights are kept."""

FEWEST = 5
"""Fewest weights to which a tail is fitted."""


def tail_size(count: int) -> int:
    """How many of `count` weights form the tail."""
    return min(count // 5, math.ceil(3 * math.sqrt(count)), LARGEST)


def pareto_k(largest: Tensor, count: int) -> float:
    """The shape k of the generalised Pareto distribution that the largest weights follow.

    Above 1/2 the variance of the weights is infinite; above .7 no estimate of their mean from any
    feasible number of samples can be trusted.

    Args:
        largest: log weights, at least the `tail_size(count) + 1` largest, in any order.
        count: N, number of all weights.

    Returns:
        k; infinite if the tail is too short to be fitted, minus infinity if all its weights are
        equal.
    """
    size = tail_size(count)
    if size < FEWEST or len(largest) <= size:
        return math.inf
    ordered = largest.double().sort(descending=True).values[: size + 1]
    weights = (ordered - ordered[0]).exp()
    excess = (weights[:-1] - weights[-1]).flip(0)  # ascending
    if float(excess[-1]) <= 1e-12:
        return -math.inf
    return _fitted(excess.clamp(min=1e-300), size)


def _fitted(excess: Tensor, size: int) -> float:
    """Posterior mean of k from ascending excesses over a threshold."""
    grid = 30 + int(math.sqrt(size))
    quartile = float(excess[max(0, int(size / 4 + 0.5) - 1)])
    steps = torch.arange(1, grid + 1, dtype=torch.float64)
    theta = (1 - (grid / (steps - 0.5)).sqrt()) / (3 * max(quartile, 1e-300)) + 1 / excess[-1]
    k = torch.log1p(-theta[:, None] * excess).mean(1)  # (grid,)
    likelihood = size * ((-theta / k).log() - k - 1)
    likelihood = likelihood.nan_to_num(nan=-torch.inf)
    best = float((likelihood.softmax(0) * theta).sum())
    shape = float(torch.log1p(-best * excess).mean())
    return (size * shape + 10 * 0.5) / (size + 10)
