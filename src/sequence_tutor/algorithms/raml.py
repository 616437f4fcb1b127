"""RAML: maximum likelihood on samples that are weighted toward the optimum of KL-control.

`objectives.forward_kl` has the equations and sources. The proposal q is the policy that sampled the
last collection, which is the prior before the first update: there the weights are exp(r / c), as
those of Norouzi et al. 2016 over a prior; later p exp(r / c) / q, as those of Khalifa et al. 2021.
Two differences, neither of which moves the fixed point p exp(r / c) / Z:

1. Where few sequences of a batch carry all the weight, it is flattened to w^a, a < 1, until half of
   them count. The proposal is renewed, so that the policy still comes to where w is constant.
2. What q gives too much of is unlearned: see `weighted_likelihood`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience, Graded, Predicted, Target
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.config.presets import merged
from sequence_tutor.objectives.forward_kl import (
    gains_on_proposal,
    normalised_weights,
    weighted_likelihood,
)
from sequence_tutor.objectives.trajectories import surplus


class RAML(PolicyMethod):
    """The forward divergence KL(optimum || pi), by importance weights.

    Attributes:
        counting: share of a batch that counts at least.
    """

    name = "raml"
    counting = 0.5
    compares = True
    target: Target = "snapshot"
    reads = ()
    needs: Mapping[str, Any] = merged(
        FRESH, {"collect": 512, "collect_every": 8}
    )  # two passes over each collection

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """Weighted maximum likelihood, and what each sequence misses of its weight."""
        weights = normalised_weights(_log_weights(sampled, seen), self.counting)
        log_policy, log_sampled = (_whole(one, seen) for one in (now, sampled))
        missed = weighted_likelihood(log_policy, log_sampled, weights.to(log_policy))
        return missed.mean(), missed[:, None].expand_as(now.log_policy)


class DPG(RAML):
    """The same divergence, from the full weights of fresh sequences, each learned from once.

    Distributional policy gradients (Parshakova et al. 2019, Algorithm 1), with the baseline of
    Korbak et al. 2022, *On reinforcement learning and distribution matching for fine-tuning
    language models with no catastrophic forgetting*, section 3.3
    (https://arxiv.org/abs/2206.00761): the gradient is -(w / mean w - 1) grad log pi.
    """

    name = "dpg"
    counting = 0.0
    target: Target = "none"
    needs = FRESH


class GDC(DPG):
    """DPG whose proposal is a former policy, renewed when the policy has come nearer to the target.

    Khalifa et al. 2021, *A distributional approach to controlled text generation*, Algorithm 1
    (https://arxiv.org/abs/2012.11635): nearer by total variation, estimated on sequences of the
    proposal, see `objectives.forward_kl.gains_on_proposal`. Each collection is asked before it is
    learned from. What is drawn too often is unlearned, as in RAML: with the ratio pi / q in the
    place of their 0, the baseline of Korbak et al. 2022 for a proposal that is not the policy.
    """

    name = "gdc"
    target = "proposal"

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch, and whether the policy is nearer to the target than the proposal."""
        graded = super().grade(settings, said, seen)
        assert said.target is not None  # it is the proposal
        now, sampled = (Opinion.of(one, seen.tokens) for one in (said.values, said.target))
        log_ratio = _whole(now, seen) - _whole(sampled, seen)
        gained = gains_on_proposal(_log_weights(sampled, seen), log_ratio.detach().double())
        return replace(graded, renews=bool(gained > 0))


def _log_weights(sampled: Opinion, seen: Experience) -> Tensor:
    """(B,) log p(x) exp(r(x) / c) / q(x), float64, without gradient."""
    earned = surplus(seen.reward, seen.log_prior_taken, sampled.log_policy, seen.learned)
    return earned.detach().double().sum(1)


def _whole(opinion: Opinion, seen: Experience) -> Tensor:
    """(B,) log-likelihood of what was learned from."""
    return opinion.log_policy.where(seen.learned, 0.0).sum(1)
