"""Baselines from a group of sequences, as used for language models: RLOO and GRPO.

There a group is several answers to one question; here all sequences answer the same one, so the
group is the batch. Both compare whole sequences, and give every token of a sequence the same
advantage, where `reinforce-kl` gives each token the return that follows it.

| method | earned | optimum at gamma = 1 |
|---|---|---|
| rloo | r / c + log p - log pi | p(x) exp(r/c) / Z |
| grpo | r / c, divided by its standard deviation; KL is a loss beside it | see `exact.grouped` |
"""

from __future__ import annotations

from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.config.presets import merged
from sequence_tutor.exact import Levels, group_relative_optimum
from sequence_tutor.objectives.divergences import k3
from sequence_tutor.objectives.trajectories import (
    clipped_policy_gradient,
    group_relative,
    of_others,
    policy_gradient,
    surplus,
)


class RLOO(PolicyMethod):
    """REINFORCE leave-one-out: KL in the reward, the mean of the other sequences as baseline.

    Source: Ahmadian et al. 2024, Eq. 8 and section 3; see `objectives.trajectories.of_others`.
    """

    name = "rloo"
    compares = True
    reads = ()

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy gradient of whole sequences."""
        earned = surplus(seen.reward, seen.log_prior_taken, now.log_policy, seen.learned)
        advantage = _for_every_token(of_others(earned.detach().sum(1)), seen)
        return policy_gradient(now.log_policy, advantage, seen.learned), advantage


class GRPO(PolicyMethod):
    """Group relative policy optimisation: normalised rewards, and KL estimated by k3 as a loss.

    Source: Shao et al. 2024, Eq. 3 and 4. Temperature c takes the place of their weight beta of KL.
    Since rewards are divided by their standard deviation sigma over the group, its temperature is
    c sigma in units of the reward. One difference: tokens count alike whatever the length of their
    sequence, where the paper takes the mean over each sequence's tokens first (as Liu et al. 2025,
    *Understanding R1-Zero-like training*, https://arxiv.org/abs/2503.20783).
    """

    name = "grpo"
    held = False
    compares = True
    target = "snapshot"
    reads = ("clip",)
    needs = merged(FRESH, {"collect": 512, "collect_every": 8})  # two passes over each collection

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The clipped surrogate, negated, and c times KL."""
        total = seen.reward.where(seen.learned, 0.0).sum(1)
        advantage = _for_every_token(group_relative(total), seen)
        gained = clipped_policy_gradient(
            now.log_policy, sampled.log_policy, advantage, seen.learned, settings.clip
        )
        apart = k3(now.log_policy, seen.log_prior_taken).where(seen.learned, 0.0)
        return gained + seen.c * apart.sum(1).mean(), advantage

    def optimum(self, log_prior: Levels, reward: Levels, c: float, discount: float) -> Levels:
        """The policy at which both gradients cancel."""
        return group_relative_optimum(log_prior, reward, c).log_policy


def _for_every_token(advantage: Tensor, seen: Experience) -> Tensor:
    """(B,) -> (B, T), zero where nothing is learned."""
    return advantage[:, None].expand_as(seen.reward).where(seen.learned, 0.0)
