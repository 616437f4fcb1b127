"""Path consistency: the n-step relatives of Q, Psi and G, from one step to the whole sequence.

Let X be action values (Q, Psi or G), V their value, and A = X - V. Each token leads to exactly one
next state, so at the optimum X(s_t, a_t) = pays_t + gamma V(s_t+1) holds for *every* token.
Therefore, for every sequence, whichever policy wrote it, every start t and every length n,

    V(s_t) = sum_{i<n} gamma^i [pays - A](t+i)  +  gamma^n V(s_t+n).

The bracket is the *surplus*. For Psi and G, A is log pi, up to log p, and the surplus is
r/c + log p - log pi: this is path consistency (Nachum et al. 2017, *Bridging the gap between value
and policy based reinforcement learning*, Eq. 14) with the prior as reference policy; at n = the
whole sequence, t = 0 and gamma = 1 it is trajectory balance (Malkin et al. 2022, Eq. 11) with
log Z = V(s_0). For Q, V is the maximum and A <= 0 is the advantage: the same identity, with the
hard maximum in place of the log-sum-exp. It needs no correction for the policy that chose the
tokens, because the environment is deterministic.

Unlike in a one-step target, gradients flow through both sides of a residual. With the right-hand
side computed by a target network instead, n-step targets diverged in trials; residuals did not.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.objectives.action_values import check_same


def residual(
    value: Tensor,
    surplus: Tensor,
    mask: Tensor,
    discount: float,
    n_steps: int | None = None,
) -> Tensor:
    """By how much the n-step path from each step violates consistency.

    Args:
        value: (B, T), V(s_t).
        surplus: (B, T), pays_t - A(s_t, a_t).
        mask: (B, T) bool, True inside a sequence.
        discount: gamma.
        n_steps: length n of a path; a path is cut where its sequence ends, where V is zero.
            None: every path runs to the end.

    Returns:
        (B, T), V(s_t) minus the right-hand side above; zero outside sequences. Gradients flow
        through both sides.
    """
    check_same(value, surplus, mask)
    steps = value.shape[1]
    length = steps if n_steps is None else min(n_steps, steps)
    value = torch.where(mask, value, 0.0)
    surplus = torch.where(mask, surplus, 0.0)
    window = discount_window(steps, length, discount, surplus)
    bootstrap = torch.nn.functional.pad(value, (0, length))[:, length:]  # (B, T): V(s_t+n) or 0
    right = surplus @ window.t() + discount**length * bootstrap
    return torch.where(mask, value - right, 0.0)


def trajectory_balance(
    surplus: Tensor, mask: Tensor, log_z: Tensor | float, discount: float = 1.0
) -> Tensor:
    """By how much each sequence violates log Z + log pi(x) = log p(x) + r(x) / c.

    With a learned log Z this is trajectory balance (Malkin et al. 2022, Eq. 11), whose optimum is
    p(x) exp(r/c) / Z whichever policy sampled; if log Z is V(s_0) it is the negative of that
    step's `residual`. With log Z = 0 the mean square is REINVENT's augmented likelihood (DAP,
    Olivecrona et al. 2017, section 3.2). Over sequences that pi itself sampled its gradient is
    twice that of REINFORCE with KL; over others its optimum is not that of KL-control unless log Z
    is 0.

    Args:
        surplus: (B, T), pays_t - A(s_t, a_t).
        mask: (B, T) bool: the steps that count. Discounting begins at the first step that counts
            in any sequence, so that a prefix given to all does not reduce the total.
        log_z: scalar, or (B,).
        discount: gamma.

    Returns:
        (B,). Gradients flow through surplus and log Z.
    """
    check_same(surplus, mask)
    ages = (mask.any(0).cumsum(0) - 1).clamp(min=0).to(surplus)  # (T,)
    return torch.where(mask, surplus, 0.0) @ discount**ages - log_z


def centred_total(
    surplus: Tensor, mask: Tensor, discount: float, weight: Tensor | None = None
) -> Tensor:
    """Trajectory balance with the mean of the batch as log Z.

    At the optimum every sequence has the same total, V(s_0). Its variance over a batch is the
    log-variance loss (Richter et al. 2020, *VarGrad*, Eq. 8), in which V(s_0) is replaced by its
    best estimate from the batch. That estimate is right from the first update on, whereas a learned
    V(s_0) takes many updates. For any gamma the totals are all equal only at the optimum: fix all
    tokens but the last, then all but the last two, and so on.

    Args:
        surplus: (B, T); `surplus`, `mask` and `discount` are as in `trajectory_balance`.
        mask: (B, T) bool.
        discount: gamma.
        weight: (B,) of each sequence in the mean; None: all the same.

    Returns:
        (B,), with (weighted) mean zero.
    """
    total = trajectory_balance(surplus, mask, 0.0, discount)
    if weight is None:
        return total - total.mean()
    return total - (weight * total).sum() / weight.sum()


def discount_window(steps: int, length: int, discount: float, like: Tensor) -> Tensor:
    """(T, T): entry (t, j) is gamma^(j - t) for 0 <= j - t < n, else zero."""
    ages = torch.arange(steps, device=like.device)
    ages = ages[None, :] - ages[:, None]  # (T, T): j - t
    inside = (ages >= 0) & (ages < length)
    powers = torch.as_tensor(discount, dtype=like.dtype, device=like.device) ** ages.clamp(min=0)
    return torch.where(inside, powers, 0.0)
