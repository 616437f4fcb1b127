"""Pure functions of dual ascent: a bounded Newton step, and where a policy is going.

`tuner.multipliers` says what both are for.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

SWEEPS = 30
"""Of coordinate ascent."""

COUNTING = 0.5
"""Share of the sequences that still counts where they are weighed to predict the policy."""


def bounded_step(curvature: Tensor, gradient: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The step that maximises gradient . s - s . curvature s / 2 within low <= s <= high.

    Cutting a free Newton step to its bounds would leave each aim to others that may not move as far
    as it counted on; here they know of it. By coordinate ascent, whose maximum is the only one.

    Args:
        curvature: (K, K), positive definite.
        gradient: (K,); likewise `low`, not above 0, and `high`, not below it.
    """
    h, g, least, largest = (one.double().numpy() for one in (curvature, gradient, low, high))
    step = np.zeros_like(g)
    for _ in range(SWEEPS):
        for i in range(len(g)):
            rest = g[i] - h[i] @ step + h[i, i] * step[i]
            step[i] = min(max(rest / h[i, i], least[i]), largest[i])
    return torch.from_numpy(step)


def leaning(surplus: Tensor) -> Tensor:
    """Weights of a policy's own sequences that say where it is going, (B,) with sum 1.

    They are proportional to exp(a surplus) with the largest a up to 1 at which the effective number
    of sequences is still the share `COUNTING` of all.

    Args:
        surplus: (B,) log p + what is paid - log pi, in nats.
    """
    low, high = 0.0, 1.0
    for _ in range(20):
        weights = (high * surplus).softmax(0)
        if 1 / float(weights.square().sum()) >= COUNTING * len(surplus):
            break
        middle = (low + high) / 2
        weights = (middle * surplus).softmax(0)
        few = 1 / float(weights.square().sum()) < COUNTING * len(surplus)
        low, high = (low, middle) if few else (middle, high)
    else:
        weights = (low * surplus).softmax(0)
    return weights
