"""Policy gradients, the usual alternatives to the paper's algorithms.

All of them learn from sequences that the policy has just sampled, and have one network for
log pi + V, as Psi does (its softmax is pi, its log-sum-exp V). `objectives.trajectories` has their
equations and sources. Optima at gamma = 1, where `earned` is r/c + log p - log pi:

| method | earned | optimum |
|---|---|---|
| reinforce | r / c | the one sequence of the highest reward: the prior is forgotten |
| reinforce-kl, actor-critic, ppo, dap | r / c + log p - log pi | p(x) exp(r/c) / Z |

`earned` has no gradient: the gradient of -log pi itself has mean zero under pi.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.config.presets import merged
from sequence_tutor.exact import Levels
from sequence_tutor.objectives.action_values import (
    moving_level_alone,
    psi_policy,
    psi_value,
    taken,
)
from sequence_tutor.objectives.path_consistency import residual, trajectory_balance
from sequence_tutor.objectives.trajectories import (
    clipped_policy_gradient,
    generalised_advantage,
    leave_one_out,
    policy_gradient,
    surplus,
    to_go,
)


@dataclass(frozen=True)
class Opinion:
    """Log pi and V of a network for the tokens that were taken.

    Attributes:
        log_policy: (B, T), log pi(a_t|s_t).
        value: (B, T), V(s_t).
    """

    log_policy: Tensor
    value: Tensor

    @classmethod
    def of(cls, values: Tensor, tokens: Tensor, level: Tensor | None = None) -> Opinion:
        """From log pi + V (B, T, V), tokens (B, T) and, if V is fitted, its level (B, T)."""
        value = psi_value(values)
        fitted = value if level is None else moving_level_alone(value, level)
        return cls(taken(psi_policy(values), tokens), fitted)


FRESH: Mapping[str, Any] = {
    "batch": 128,
    "collect": 128,
    "collect_every": 1,
    "replay": {"fresh": 1.0, "distinct": False},
    "exploration": {"kind": "policy", "regrow": 0.0, "breed": 0.0},
    "critic": {"candidates": 0},
    "optimiser": {"average": 0},
}
"""Settings for learning from fresh sequences of the policy, each as often as it was sampled."""

VALUE_WEIGHT = 0.05
"""Log pi and V share a network, and V's error in nats is far larger than the policy's gradient.
On melodies PPO with 50,000 sequences ended 15 nats below the best at 0.5, half a nat at 0.05."""


class PolicyMethod(Algorithm):
    """Base of the policy gradients: one network for log pi and V, and a loss per sequence."""

    on_policy = True
    fits: Literal["soft", "hard", "none"] = "none"
    reads: tuple[str, ...] = ("discount",)
    needs: Mapping[str, Any] = FRESH

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch per token, so that learning rates mean the same everywhere."""
        now = Opinion.of(said.values, seen.tokens, said.level)
        sampled = now if said.target is None else Opinion.of(said.target, seen.tokens)
        loss, error = self.loss(settings, now, sampled, seen)
        squares = error.detach().square().where(seen.learned, 0.0).sum(1)
        lengths = (seen.learned if seen.given is None else seen.learned | seen.given).sum(1)
        return Graded(loss / lengths.to(loss).mean(), (squares / lengths).sqrt(), None)

    @abstractmethod
    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The loss per sequence, a scalar, and each step's error (B, T).

        Args:
            settings: gamma, lambda, clip.
            now: of the network that learns.
            sampled: of the network that sampled the batch; the same for all but PPO.
            seen: the batch.
        """


class ReinforceKL(PolicyMethod):
    """REINFORCE on the objective of KL-control; the baseline is the mean of the other sequences."""

    name = "reinforce-kl"

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy gradient."""
        returns = to_go(self.earned(now, seen), seen.learned, settings.discount)
        advantage = returns - leave_one_out(returns, seen.learned)
        return policy_gradient(now.log_policy, advantage, seen.learned), advantage

    def earned(self, now: Opinion, seen: Experience) -> Tensor:
        """Payment of each step, (B, T): r / c + log p - log pi, without gradient."""
        return _surplus(now, seen).detach()


class Reinforce(ReinforceKL):
    """REINFORCE on the reward alone: its objective has no divergence from the prior."""

    name = "reinforce"
    held = False

    def earned(self, now: Opinion, seen: Experience) -> Tensor:
        """Payment of each step, (B, T): r / c."""
        return seen.reward

    def optimum(self, log_prior: Levels, reward: Levels, c: float, discount: float) -> None:
        """The best single sequence, which no softmax reaches."""


class ActorCritic(PolicyMethod):
    """The policy gradient with a learned V as baseline, bootstrapped by lambda."""

    name = "actor-critic"
    clips = False  # PPO's surrogate in place of the policy gradient
    fits = "soft"
    reads: tuple[str, ...] = ("discount", "trace", "value_weight")
    needs = merged(FRESH, {"value_weight": VALUE_WEIGHT})

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy's loss, and the squared error of V against what was earned from each step."""
        earned = _surplus(sampled, seen).detach()
        advantage = generalised_advantage(
            earned, sampled.value, seen.learned, settings.discount, settings.trace
        )
        missed = residual(now.value, earned, seen.learned, settings.discount)
        fit = settings.value_weight * missed.square().sum(1).mean()
        if self.clips:
            loss = clipped_policy_gradient(
                now.log_policy, sampled.log_policy, advantage, seen.learned, settings.clip
            )
        else:
            loss = policy_gradient(now.log_policy, advantage, seen.learned)
        return loss + fit, advantage


class PPO(ActorCritic):
    """The clipped surrogate over the sequences of the last collection, learned from repeatedly.

    The target network is the policy that sampled them: it is copied when they are collected.
    """

    name = "ppo"
    clips = True
    target = "snapshot"
    reads = ("discount", "trace", "clip", "value_weight")
    needs = merged(
        FRESH, {"collect": 512, "collect_every": 8, "value_weight": VALUE_WEIGHT}
    )  # two passes over each collection


class DAP(PolicyMethod):
    """REINVENT's augmented likelihood: the squared difference of log pi and log p + r / c.

    It learns from the policy's own sequences only, for which its optimum is that of KL-control.
    REINVENT adds a small replay; on replayed sequences the optimum would be a different one,
    because log Z is fixed at 0.
    """

    name = "dap"
    reads = ()

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """Half the square, so that the mean gradient is that of reinforce-kl."""
        missed = trajectory_balance(_surplus(now, seen), seen.learned, 0.0)  # (B,)
        return missed.square().mean() / 2, missed[:, None].expand_as(now.log_policy)


def _surplus(opinion: Opinion, seen: Experience) -> Tensor:
    """(B, T): r / c + log p - log pi, with gradient through log pi."""
    return surplus(seen.reward, seen.log_prior_taken, opinion.log_policy, seen.learned)
