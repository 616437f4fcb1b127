"""The share of distinct sequences that is expected among N draws, and the policy it is paid to.

See `exact.constrained` for the constraint and its multiplier mu.
"""

from __future__ import annotations

import numpy as np
import scipy  # its parts are imported when they are first used
import torch
from numpy.typing import NDArray
from torch import Tensor

GRID, POLISHING = 20_001, 4
"""Points of a table, and steps of Newton's method after it."""


def expected_distinct(log_probs: Tensor, draws: int) -> Tensor:
    """D_N: the expected share of distinct sequences among N draws, a scalar, from (N,) log pi."""
    # 1 - (1 - pi)^N without cancellation where pi is small
    missed = draws * torch.log1p(-log_probs.exp().clamp(max=1.0))
    return -torch.expm1(missed).sum() / draws


def spread(energy: Tensor, mu: float, draws: int) -> Tensor:
    """Log pi with  log pi(x) - mu (1 - pi(x))^(N-1) = energy(x) - const,  normalised.

    The left side rises with log pi, so each log pi follows from const; the sum of pi falls as const
    rises, so const is the root of one more equation.

    Args:
        energy: (N,), log p + lambda . phi.
        mu: multiplier of the expected share of distinct sequences, in nats; 0 or more.
        draws: N.
    """
    if mu == 0:
        return energy.log_softmax(0)
    support = energy > -torch.inf
    finite = energy[support].numpy()
    first = float(energy.logsumexp(0))
    # log pi is one function of the right side for all sequences: tabulated, then polished
    log_p = np.linspace(finite.min() - first - mu - 1, 0.0, GRID)
    right_side = log_p - _bonus(log_p, mu, draws)

    def solved(const: float) -> NDArray[np.float64]:
        goal = finite - const
        found = np.interp(goal, right_side, log_p)
        for _ in range(POLISHING):
            bonus = _bonus(found, mu, draws)
            p = np.exp(found)
            slope = 1 + (draws - 1) * p * bonus / np.maximum(1 - p, 1e-12)
            found = np.minimum(found - (found - bonus - goal) / slope, 0.0)
        return np.where(goal < 0, found, goal)

    const = scipy.optimize.brentq(
        lambda at: scipy.special.logsumexp(solved(at)), first - 1, first + mu + 1, xtol=1e-12
    )
    log_probs = torch.full_like(energy, -torch.inf)
    log_probs[support] = torch.from_numpy(solved(const)).log_softmax(0)
    return log_probs


def _bonus(log_p: NDArray[np.float64], mu: float, draws: int) -> NDArray[np.float64]:
    """What a sequence of probability p is paid for being rare: mu (1 - p)^(N-1)."""
    with np.errstate(divide="ignore"):  # the log of 0 where p is 1: no bonus
        return np.asarray(mu * np.exp((draws - 1) * np.log1p(-np.exp(log_p))))
