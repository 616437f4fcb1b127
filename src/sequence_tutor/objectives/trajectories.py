"""Policy gradients and their relatives, from the log-probabilities of whole sequences.

All use the *surplus* of a step, r_t / c + log p(a_t|s_t) - log pi(a_t|s_t). Its sum over a sequence
is log w: the objective is the mean of log w under pi, and at the optimum log w is log Z for every
sequence.

| function | method | source |
|---|---|---|
| `policy_gradient` | REINFORCE, actor-critic | Williams 1992, Eq. 11; Bahdanau et al. 2017, Eq. 7 |
| `clipped_policy_gradient` | PPO | Schulman et al. 2017, Eq. 7 |
| `generalised_advantage` | its advantage | Schulman et al. 2016, Eq. 16 |
| `of_others` | RLOO | Ahmadian et al. 2024, Eq. 8 |
| `group_relative` | GRPO | Shao et al. 2024, section 4.1.2 |

DAP is `path_consistency.trajectory_balance` with log Z = 0.

Shapes: B sequences, T steps; everything is (B, T) with a mask (B, T), True inside a sequence.
Losses are means over sequences of sums over steps, so that their gradients are those of a
quantity per sequence.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.objectives.action_values import check_same, shift_values
from sequence_tutor.objectives.path_consistency import discount_window


def surplus(reward: Tensor, log_prior: Tensor, log_policy: Tensor, mask: Tensor) -> Tensor:
    """What a step earns under KL-control, r_t / c + log p - log pi; 0 outside sequences.

    Args:
        reward: (B, T), r_t / c.
        log_prior: (B, T), log p(a_t|s_t).
        log_policy: (B, T), log pi(a_t|s_t).
        mask: (B, T) bool.

    Returns:
        (B, T). Gradients flow through all three.
    """
    check_same(mask, reward, log_prior, log_policy)
    return (reward + log_prior - log_policy).where(mask, 0.0)


def to_go(earned: Tensor, mask: Tensor, discount: float) -> Tensor:
    """The discounted sum of what each step and all later ones earn.

    Args:
        earned: (B, T).
        mask: (B, T) bool.
        discount: gamma, or gamma lambda.

    Returns:
        (B, T): sum_{i >= t} gamma^(i-t) earned_i; 0 outside sequences.
    """
    check_same(mask, earned)
    window = discount_window(earned.shape[1], earned.shape[1], discount, earned)
    return (earned.where(mask, 0.0) @ window.t()).where(mask, 0.0)


def leave_one_out(returns: Tensor, mask: Tensor) -> Tensor:
    """A baseline for each step: the mean return of the *other* sequences that reach it.

    It does not depend on the sequence's own tokens, so it does not change the expected gradient
    (Kool et al. 2019, *Buy 4 REINFORCE samples, get a baseline for free!*, Eq. 8).

    Args:
        returns: (B, T).
        mask: (B, T) bool.

    Returns:
        (B, T); 0 where no other sequence reaches the step.
    """
    check_same(mask, returns)
    inside = returns.where(mask, 0.0)
    others = mask.sum(0) - mask.long()  # (B, T)
    return ((inside.sum(0) - inside) / others.clamp(min=1)).where(mask & (others > 0), 0.0)


ROUNDINGS = 16
"""Steps of a float by which sums of the same payments in another order may differ."""


def of_others(total: Tensor) -> Tensor:
    """By how much each sequence exceeds the mean of the other sequences.

    Source: Ahmadian et al. 2024, *Back to basics: revisiting REINFORCE style optimization for
    learning from human feedback in LLMs*, Eq. 8 (https://arxiv.org/abs/2402.14740).

    Args:
        total: (B,), what whole sequences earned; B is at least 2.

    Returns:
        (B,), with mean 0.
    """
    return (total - total.mean()) * (len(total) / (len(total) - 1))


def group_relative(total: Tensor) -> Tensor:
    """By how many standard deviations of the group each sequence exceeds the group's mean.

    Source: Shao et al. 2024, *DeepSeekMath: pushing the limits of mathematical reasoning in open
    language models*, section 4.1.2 (https://arxiv.org/abs/2402.03300).

    Args:
        total: (B,), what whole sequences earned; B is at least 2.

    Returns:
        (B,), with mean 0 and standard deviation 1; all 0 where all sequences earned the same, but
        for what rounding adds, which would be divided by itself.
    """
    apart, deviation = total - total.mean(), total.std()
    rounding = ROUNDINGS * torch.finfo(total.dtype).eps * total.abs().amax()
    return (apart / deviation).where(deviation > rounding, 0.0)


def policy_gradient(log_policy: Tensor, advantage: Tensor, mask: Tensor) -> Tensor:
    """A loss whose gradient is the policy gradient, -sum_t A_t grad log pi(a_t|s_t).

    Args:
        log_policy: (B, T), log pi(a_t|s_t) of sequences that pi itself has sampled.
        advantage: (B, T); no gradient flows through it.
        mask: (B, T) bool.

    Returns:
        Scalar; its value has no meaning.
    """
    check_same(mask, log_policy, advantage)
    return -(log_policy * advantage.detach()).where(mask, 0.0).sum(1).mean()


def clipped_policy_gradient(
    log_policy: Tensor, log_sampled: Tensor, advantage: Tensor, mask: Tensor, clip: float
) -> Tensor:
    """The clipped surrogate of PPO, negated.

    Args:
        log_policy: (B, T), log pi(a_t|s_t) now.
        log_sampled: (B, T), the same when the sequences were sampled; no gradient.
        advantage: (B, T), of the policy that sampled; no gradient.
        mask: (B, T) bool.
        clip: epsilon; a ratio beyond 1 +- epsilon gains nothing more.

    Returns:
        Scalar.
    """
    check_same(mask, log_policy, log_sampled, advantage)
    ratio = (log_policy - log_sampled.detach()).where(mask, 0.0).exp()
    advantage = advantage.detach()
    gained = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    return -gained.where(mask, 0.0).sum(1).mean()


def generalised_advantage(
    earned: Tensor, value: Tensor, mask: Tensor, discount: float, trace: float
) -> Tensor:
    """GAE(gamma, lambda), without gradient; the state after the last token has the value 0.

    Args:
        earned: (B, T), what each step earns.
        value: (B, T), V(s_t).
        mask: (B, T) bool.
        discount: gamma.
        trace: lambda; 1 is the return minus V(s_t), 0 the one-step error.

    Returns:
        (B, T).
    """
    check_same(mask, earned, value)
    error = earned + discount * shift_values(value, mask) - value.where(mask, 0.0)
    return to_go(error, mask, discount * trace).detach()
