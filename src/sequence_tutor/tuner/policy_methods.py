"""What most people would reach for instead: policy gradients, each over one pure function.

All of them learn from sequences that the policy itself has just written, keep log pi + V in one
network as Psi does (its softmax is pi, its log-sum-exp V), and are named and sourced in
`objectives.trajectories`. Fixed points at gamma = 1, where `earned` is r/c + log p - log pi:

| method | earned | optimum |
|---|---|---|
| reinforce | r / c | the one sequence of the highest reward: the prior is forgotten |
| reinforce-kl, actor-critic, ppo, dap | r / c + log p - log pi | p(x) exp(r/c) / Z |

What they earn is counted without gradient: the gradient of -log pi itself has mean zero under pi.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import (
    moving_level_alone,
    psi_policy,
    psi_value,
    taken,
)
from sequence_tutor.objectives.path_consistency import residual
from sequence_tutor.objectives.trajectories import (
    balance,
    clipped_policy_gradient,
    generalised_advantage,
    leave_one_out,
    policy_gradient,
    surplus,
    to_go,
)
from sequence_tutor.tuner.algorithms import Algorithm
from sequence_tutor.tuner.experience import Experience, Graded
from sequence_tutor.tuner.settings import AlgorithmName, TuneSettings


@dataclass(frozen=True)
class Opinion:
    """What a network with log pi + V thinks of the tokens that were taken.

    Attributes:
        log_policy: (B, T), log pi(a_t|s_t).
        value: (B, T), V(s_t).
    """

    log_policy: Tensor
    value: Tensor

    @classmethod
    def of(cls, values: Tensor, tokens: Tensor, level: Tensor | None = None) -> Opinion:
        """From log pi + V (B, T, V), tokens (B, T) and, where V is fitted, its level (B, T)."""
        value = psi_value(values)
        fitted = value if level is None else moving_level_alone(value, level)
        return cls(taken(psi_policy(values), tokens), fitted)


class PolicyMethod(ABC):
    """What they share: one network for log pi and V, and a loss for each sequence."""

    name: AlgorithmName
    mixes_prior = False
    starts: tuple[Start, ...] = ("log_prior",)

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of log pi + V."""
        return psi_policy(values)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """V, the log-sum-exp of log pi + V."""
        return psi_value(values)

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        level: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch per token, so that learning rates mean the same everywhere."""
        now = Opinion.of(values, seen.tokens, level)
        sampled = None if target_values is None else Opinion.of(target_values, seen.tokens)
        loss, error = self.judge(settings, now, sampled or now, seen)
        squares = error.detach().square().where(seen.learned, 0.0).sum(1)
        lengths = seen.learned.sum(1)
        return Graded(loss / lengths.to(loss).mean(), (squares / lengths).sqrt(), None)

    @abstractmethod
    def judge(
        self, settings: TuneSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The loss per sequence, a scalar, and each step's error (B, T).

        Args:
            settings: gamma, lambda, clip.
            now: of the network that learns.
            sampled: of the network that sampled, which for all but PPO is the same.
            seen: the batch.
        """


class ReinforceKL(PolicyMethod):
    """REINFORCE of the KL-regularised objective, against the mean of the other sequences."""

    name: AlgorithmName = "reinforce-kl"

    def judge(
        self, settings: TuneSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy gradient."""
        returns = to_go(self.earned(now, seen), seen.learned, settings.discount)
        advantage = returns - leave_one_out(returns, seen.learned)
        return policy_gradient(now.log_policy, advantage, seen.learned), advantage

    def earned(self, now: Opinion, seen: Experience) -> Tensor:
        """(B, T)."""
        return _earned(now, seen)


class Reinforce(ReinforceKL):
    """REINFORCE on the reward alone: no divergence holds it near the prior."""

    name: AlgorithmName = "reinforce"

    def earned(self, now: Opinion, seen: Experience) -> Tensor:
        """(B, T): r / c."""
        return seen.reward


class ActorCritic(PolicyMethod):
    """The policy gradient with a learned V as baseline, bootstrapped by lambda."""

    name: AlgorithmName = "actor-critic"

    def judge(
        self, settings: TuneSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy gradient, and the fit of V."""
        earned = _earned(now, seen)
        advantage = generalised_advantage(
            earned, now.value, seen.learned, settings.discount, settings.trace
        )
        loss = policy_gradient(now.log_policy, advantage, seen.learned)
        return loss + _fit(now.value, earned, seen, settings), advantage


class PPO(PolicyMethod):
    """The clipped surrogate over the sequences of the last collection, learned from repeatedly.

    The target network is the policy that sampled them: it is copied when they are collected.
    """

    name: AlgorithmName = "ppo"

    def judge(
        self, settings: TuneSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The clipped surrogate, and the fit of V."""
        earned = _earned(sampled, seen)
        advantage = generalised_advantage(
            earned, sampled.value, seen.learned, settings.discount, settings.trace
        )
        loss = clipped_policy_gradient(
            now.log_policy, sampled.log_policy, advantage, seen.learned, settings.clip
        )
        return loss + _fit(now.value, earned, seen, settings), advantage


class DAP(PolicyMethod):
    """REINVENT's augmented likelihood: the squared difference of log pi and log p + r / c.

    Learned from the policy's own sequences only, where its optimum is that of KL-control. REINVENT
    adds a small replay, over which the optimum is another one, because its log Z is fixed at 0.
    """

    name: AlgorithmName = "dap"

    def judge(
        self, settings: TuneSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """Half the square, so that the mean gradient is that of reinforce-kl."""
        missed = balance(_surplus(now, seen), seen.learned, 0.0)  # (B,)
        return missed.square().mean() / 2, missed[:, None].expand_as(now.log_policy)


def _surplus(opinion: Opinion, seen: Experience) -> Tensor:
    """(B, T): r / c + log p - log pi, with gradient through log pi."""
    return surplus(seen.reward, seen.log_prior, opinion.log_policy, seen.learned)


def _earned(opinion: Opinion, seen: Experience) -> Tensor:
    """(B, T): r / c + log p - log pi, without gradient."""
    return _surplus(opinion, seen).detach()


def _fit(value: Tensor, earned: Tensor, seen: Experience, settings: TuneSettings) -> Tensor:
    """V toward what was earned from each step on, weighted; per sequence, as the policy's loss."""
    missed = residual(value, earned, seen.learned, settings.discount)
    return settings.value_weight * missed.square().sum(1).mean()


POLICY_METHODS: dict[AlgorithmName, Algorithm] = {
    method.name: method for method in (Reinforce(), ReinforceKL(), ActorCritic(), PPO(), DAP())
}
"""Every policy method by the name users give."""
