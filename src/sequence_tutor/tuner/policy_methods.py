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

from torch import Tensor

from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import psi_policy, psi_value, taken
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


class PolicyMethod:
    """What they share: one network for log pi and V, and no average target network."""

    mixes_prior = False
    starts: tuple[Start, ...] = ("log_prior",)

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of log pi + V."""
        return psi_policy(values)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """V, the log-sum-exp of log pi + V."""
        return psi_value(values)

    def earned(self, log_policy: Tensor, seen: Experience) -> Tensor:
        """(B, T): r / c + log p - log pi, without gradient."""
        log_prior = taken(seen.log_prior, seen.tokens)
        return surplus(seen.reward, log_prior, log_policy, seen.learned).detach()


class ReinforceKL(PolicyMethod):
    """REINFORCE of the KL-regularised objective, against the mean of the other sequences."""

    name: AlgorithmName = "reinforce-kl"

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch that pi has sampled."""
        log_policy = taken(psi_policy(values), seen.tokens)
        returns = to_go(self.earned(log_policy, seen), seen.learned, settings.discount)
        advantage = returns - leave_one_out(returns, seen.learned)
        loss = policy_gradient(log_policy, advantage, seen.learned)
        return _per_token(loss, advantage, seen)


class Reinforce(ReinforceKL):
    """REINFORCE on the reward alone: no divergence holds it near the prior."""

    name: AlgorithmName = "reinforce"

    def earned(self, log_policy: Tensor, seen: Experience) -> Tensor:
        """(B, T): r / c."""
        return seen.reward


class ActorCritic(PolicyMethod):
    """The policy gradient with a learned V as baseline, bootstrapped by lambda."""

    name: AlgorithmName = "actor-critic"

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch that pi has sampled, and the fit of V."""
        log_policy, value = taken(psi_policy(values), seen.tokens), psi_value(values)
        earned = self.earned(log_policy, seen)
        advantage = generalised_advantage(
            earned, value.detach(), seen.learned, settings.discount, settings.trace
        )
        loss = policy_gradient(log_policy, advantage, seen.learned)
        return _per_token(loss + _fit(value, earned, seen, settings), advantage, seen)


class PPO(PolicyMethod):
    """The clipped surrogate over the sequences of the last collection, learned from repeatedly.

    The target network is the policy that sampled them: it is copied when they are collected.
    """

    name: AlgorithmName = "ppo"

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch from the last collection, and the fit of V."""
        if target_values is None:
            raise ValueError("PPO needs the action values of the policy that sampled")
        log_policy, value = taken(psi_policy(values), seen.tokens), psi_value(values)
        log_sampled = taken(psi_policy(target_values), seen.tokens)
        earned = self.earned(log_sampled, seen)
        advantage = generalised_advantage(
            earned, psi_value(target_values), seen.learned, settings.discount, settings.trace
        )
        loss = clipped_policy_gradient(
            log_policy, log_sampled, advantage, seen.learned, settings.clip
        )
        return _per_token(loss + _fit(value, earned, seen, settings), advantage, seen)


class DAP(PolicyMethod):
    """REINVENT's augmented likelihood: the squared difference of log pi and log p + r / c.

    Learned from the policy's own sequences only, where its optimum is that of KL-control. REINVENT
    adds a small replay, over which the optimum is another one, because its log Z is fixed at 0.
    """

    name: AlgorithmName = "dap"

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch that pi has sampled."""
        log_policy = taken(psi_policy(values), seen.tokens)
        log_prior = taken(seen.log_prior, seen.tokens)
        missed = balance(
            surplus(seen.reward, log_prior, log_policy, seen.learned), seen.learned, 0.0
        )
        # half the square, so that the mean gradient is that of reinforce-kl
        loss = missed.square().mean() / 2
        return _per_token(loss, missed[:, None].expand_as(log_policy), seen)


def _fit(value: Tensor, earned: Tensor, seen: Experience, settings: TuneSettings) -> Tensor:
    """V toward what was earned from each step on, weighted; per sequence, as the policy's loss."""
    missed = residual(value, earned, seen.learned, settings.discount)
    return settings.value_weight * missed.square().sum(1).mean()


def _per_token(loss: Tensor, error: Tensor, seen: Experience) -> Graded:
    """A loss per sequence as one per token, so that learning rates mean the same everywhere."""
    squares = error.detach().square().where(seen.learned, 0.0).sum(1)
    lengths = seen.learned.sum(1)
    mean_length = lengths.to(loss).mean()
    return Graded(loss / mean_length, (squares / lengths).sqrt(), None)


POLICY_METHODS: dict[AlgorithmName, Algorithm] = {
    method.name: method for method in (Reinforce(), ReinforceKL(), ActorCritic(), PPO(), DAP())
}
"""Every policy method by the name users give."""
