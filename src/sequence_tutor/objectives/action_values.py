"""Q, Psi and G: values, one-step targets, policies.

Sources: Jaques et al. 2017, *Sequence Tutor* (equations cited as 2017), and Jaques et al. 2016,
*Tuning Recurrent Neural Networks with Reinforcement Learning* (cited as 2016).

Shapes: B sequences, T steps, V tokens. Action values are (B, T, V), one row per state s_t, where
s_t is the tokens before step t. A *target* y_t belongs to the action taken at step t and is
(B, T). The value of the state after the last token is zero: the last step does not bootstrap.

Targets are computed without gradient in this file and nowhere else.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def taken(values: Tensor, tokens: Tensor) -> Tensor:
    """The action value of each token that was taken.

    Args:
        values: (B, T, V).
        tokens: (B, T) int64.

    Returns:
        (B, T).
    """
    if values.dim() != 3 or values.shape[:2] != tokens.shape:
        raise ValueError(
            f"values must be (B, T, V) over tokens (B, T), "
            f"got {tuple(values.shape)} and {tuple(tokens.shape)}"
        )
    return values.gather(2, tokens.unsqueeze(2)).squeeze(2)  # (B, T)


def psi_value(psi: Tensor) -> Tensor:
    """V(s) = logsumexp_a Psi(s, a), the soft value of generalised Psi-learning (2017 Eq. 12).

    Args:
        psi: (..., V).

    Returns:
        (...).
    """
    return psi.logsumexp(-1)


def g_value(g: Tensor, log_prior: Tensor) -> Tensor:
    """V(s) = log sum_a p(a|s) exp G(s, a), the soft value of G-learning (inside 2017 Eq. 15).

    Args:
        g: (..., V).
        log_prior: (..., V), log p(.|s).

    Returns:
        (...).
    """
    return (log_prior + g).logsumexp(-1)


def q_value(q: Tensor, chooser: Tensor | None = None) -> Tensor:
    """V(s) = max_a Q(s, a), or the value of the token that another network chooses.

    Args:
        q: (..., V).
        chooser: (..., V) or None. With the online network's values here and the target network's
            as `q`, this is double Q-learning (van Hasselt et al. 2016, Eq. 4).

    Returns:
        (...).
    """
    if chooser is None:
        return q.amax(-1)
    return q.gather(-1, chooser.argmax(-1, keepdim=True)).squeeze(-1)


def moving_level_alone(value: Tensor, level: Tensor) -> Tensor:
    """V(s) unchanged, with a gradient through the level of its state alone.

    V is the level plus a function of the advantages: their maximum for Q, the log of the prior's
    mean of their exponentials for G, zero for Psi. The policy is computed from the advantages, so a
    fit of V through them would change the policy.

    Args:
        value: (B, T), V(s_t).
        level: (B, T), the summand that all action values of the state share.
    """
    check_same(value, level)
    return value.detach() + (level - level.detach())


def psi_policy(psi: Tensor) -> Tensor:
    """Log pi(.|s) of Psi-learning, softmax(Psi) (2017 Eq. 11); a trained Q is sampled so too."""
    return psi.log_softmax(-1)


def g_policy(g: Tensor, log_prior: Tensor) -> Tensor:
    """Log pi(.|s) of G-learning, p(a|s) exp G(s, a) normalised (after 2017 Eq. 15)."""
    return (log_prior + g).log_softmax(-1)


def psi_error(
    psi: Tensor,
    target_psi: Tensor,
    log_prior: Tensor,
    reward: Tensor,
    mask: Tensor,
    discount: float,
) -> Tensor:
    """Psi(s_t, a_t) - [log p(a_t|s_t) + r_t / c + gamma log sum_a exp Psi-(s_t+1, a)].

    The error whose square is Psi-learning's loss (2017 Eq. 14).

    Args:
        psi: (B, T), Psi(s_t, a_t) of the network that learns.
        target_psi: (B, T, V), Psi- of the target network, through which no gradient flows.
        log_prior: (B, T), log p(a_t|s_t).
        reward: (B, T), r_t / c.
        mask: (B, T) bool, True inside a sequence.
        discount: gamma.

    Returns:
        (B, T), zero outside sequences.
    """
    return _one_step_error(psi, reward + log_prior, psi_value(target_psi), mask, discount)


def g_error(
    g: Tensor, target_g: Tensor, log_prior: Tensor, reward: Tensor, mask: Tensor, discount: float
) -> Tensor:
    """G(s_t, a_t) - [r_t / c + gamma log sum_a p(a|s_t+1) exp G-(s_t+1, a)].

    The error whose square is G-learning's loss (2017 Eq. 15). Arguments as of `psi_error`, but
    `log_prior` is (B, T, V), log p(.|s_t).
    """
    return _one_step_error(g, reward, g_value(target_g, log_prior), mask, discount)


def uniform_prior(values: Tensor) -> Tensor:
    """Log of the uniform distribution over V tokens, (..., V) like the values.

    With it G-learning is that of Fox et al. 2016.
    """
    return torch.full_like(values, -math.log(values.shape[-1])).detach()


def q_error(
    q: Tensor,
    target_q: Tensor,
    log_prior: Tensor | None,
    reward: Tensor,
    mask: Tensor,
    discount: float,
    chooser: Tensor | None = None,
) -> Tensor:
    """Q(s_t, a_t) - [log p(a_t|s_t) + r_t / c + gamma max_a Q-(s_t+1, a)].

    The error whose square is Q-learning's loss with log-prior augmentation (2017 Eq. 4). Arguments
    as of `psi_error`; without `log_prior` it is that of RL only, and `chooser` (B, T, V) makes it
    double Q-learning's, see `q_value`.
    """
    pays = reward if log_prior is None else reward + log_prior
    return _one_step_error(q, pays, q_value(target_q, chooser), mask, discount)


def _one_step_error(
    action_value: Tensor, pays: Tensor, value: Tensor, mask: Tensor, discount: float
) -> Tensor:
    """(B, T), zero outside sequences: an action value minus its one-step target."""
    target = one_step_target(pays.where(mask, 0.0), shift_values(value, mask), discount)
    return (action_value - target).where(mask, 0.0)


def one_step_target(reward: Tensor, next_value: Tensor, discount: float) -> Tensor:
    """y_t = reward_t + gamma V(s_t+1), without gradient.

    Args:
        reward: (B, T), payment of step t: r_t / c, for Q and Psi plus log p(a_t|s_t).
        next_value: (B, T), V(s_t+1) by the target network, zero after the last token
            (see `shift_values`).
        discount: gamma.

    Returns:
        (B, T).
    """
    check_same(reward, next_value)
    return (reward + discount * next_value).detach()


def shift_values(value: Tensor, mask: Tensor) -> Tensor:
    """V(s_t+1) for every step t, zero where the sequence has ended.

    Args:
        value: (B, T), V(s_t).
        mask: (B, T) bool, True inside a sequence.

    Returns:
        (B, T).
    """
    check_same(value, mask)
    inside = torch.where(mask, value, 0.0)  # the state after the last token has the value 0
    return torch.nn.functional.pad(inside[:, 1:], (0, 1))


def check_same(*values: Tensor) -> None:
    """Raise ValueError if tensors are not all (B, T)."""
    if any(value.dim() != 2 or value.shape != values[0].shape for value in values):
        shapes = ", ".join(str(tuple(value.shape)) for value in values)
        raise ValueError(f"all values must be of one shape (B, T), got {shapes}")
