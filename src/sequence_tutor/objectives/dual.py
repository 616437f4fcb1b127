"""A bounded Newton step of dual ascent; `tuner.multipliers` says what it is for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

SWEEPS = 30
"""Of coordinate ascent."""


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
