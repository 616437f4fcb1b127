"""The n-step relatives of Psi and G: path consistency, from one step to the whole sequence.

With V(s) the soft value and log pi(a|s) the policy of one and the same action-value function, the
soft Bellman equation of Psi (2017 Eq. 13) telescopes: for every sequence, start t and length n

    V(s_t) = sum_{i<n} gamma^i [ r_t+i / c + log p - log pi ](t+i)  +  gamma^n V(s_t+n)

holds at the optimum whoever chose the tokens (Nachum et al. 2017, *Bridging the gap between value
and policy based reinforcement learning*, Eq. 14, here with the prior as reference policy). The
difference of the two sides is the residual. n = 1 is the one-step error of Psi, and of G, whose
V and log pi are made from log p + G. At n = the whole sequence, t = 0 and gamma = 1 it is
trajectory balance (Malkin et al. 2022, Eq. 11) with log Z = V(s_0).

Unlike a one-step target, the residual is differentiated through on both sides: a lagging target
network in its place diverged in our trials, the residual did not.
"""

from __future__ import annotations

import torch
from torch import Tensor


def residual(
    value: Tensor,
    surplus: Tensor,
    mask: Tensor,
    discount: float,
    n_steps: int | None = None,
) -> Tensor:
    """By how much each n-step path from each step misses consistency.

    Args:
        value: (B, T), V(s_t).
        surplus: (B, T), r_t / c + log p(a_t|s_t) - log pi(a_t|s_t).
        mask: (B, T) bool, True inside a sequence.
        discount: gamma.
        n_steps: length n of a path; a path is cut where its sequence ends, where V is zero.
            None: every path runs to the end.

    Returns:
        (B, T), V(s_t) minus the right-hand side above; zero outside sequences. Gradients flow
        through both sides.
    """
    if value.shape != surplus.shape or value.shape != mask.shape or value.dim() != 2:
        raise ValueError(
            "value, surplus and mask must be (B, T), got "
            f"{tuple(value.shape)}, {tuple(surplus.shape)} and {tuple(mask.shape)}"
        )
    steps = value.shape[1]
    length = steps if n_steps is None else min(n_steps, steps)
    value = torch.where(mask, value, 0.0)
    surplus = torch.where(mask, surplus, 0.0)
    window = _discount_window(steps, length, discount, surplus)
    bootstrap = torch.nn.functional.pad(value, (0, length))[:, length:]  # (B, T): V(s_t+n) or 0
    right = surplus @ window.t() + discount**length * bootstrap
    return torch.where(mask, value - right, 0.0)


def _discount_window(steps: int, length: int, discount: float, like: Tensor) -> Tensor:
    """(T, T): entry (t, j) is gamma^(j - t) for 0 <= j - t < n, else zero."""
    ages = torch.arange(steps, device=like.device)
    ages = ages[None, :] - ages[:, None]  # (T, T): j - t
    inside = (ages >= 0) & (ages < length)
    powers = torch.as_tensor(discount, dtype=like.dtype, device=like.device) ** ages.clamp(min=0)
    return torch.where(inside, powers, 0.0)
