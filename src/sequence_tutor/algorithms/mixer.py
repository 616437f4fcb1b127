"""MIXER: the policy continues beginnings of data, first short endings, then ever longer ones.

Source: Ranzato et al. 2016, *Sequence level training with recurrent neural networks*, section
3.2.2 and Algorithm 1 (https://arxiv.org/abs/1511.06732). The tokens given from data are learned by
maximum likelihood (XENT), those that the policy wrote by REINFORCE; `tuner.given_beginnings` has
the schedule. Three differences:

1. What an ending earns contains log p - log pi, so that once nothing is given any more the
   optimum is p(x) exp(r/c) / Z. In the paper only the early maximum likelihood holds the policy
   near the data.
2. The baseline is the mean of the other sequences instead of a fitted one.
3. The number of given tokens falls linearly, where the paper takes away a few at a time.
"""

from __future__ import annotations

from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, ReinforceKL
from sequence_tutor.config.presets import merged


class Mixer(ReinforceKL):
    """Maximum likelihood of the beginnings, REINFORCE with KL of the endings."""

    name = "mixer"
    takes_given = True
    needs = merged(FRESH, {"exploration": {"given": 1.0}})

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The policy gradient, and the negative log-likelihood of what was given."""
        loss, advantage = super().loss(settings, now, sampled, seen)
        if seen.given is None:
            return loss, advantage
        return loss - now.log_policy.where(seen.given, 0.0).sum(1).mean(), advantage
