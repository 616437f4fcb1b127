"""RAML in its own form: maximum likelihood on sequences within an edit distance of data.

Source: Norouzi et al. 2016, *Reward augmented maximum likelihood for neural structured prediction*,
Eq. 7 and section 2.2 (https://arxiv.org/abs/1609.00150). Its reward of y beside data x is minus the
number of tokens that differ, and the rules of the run play no part: c is its temperature tau, in
edits. The policy learns E_data[exp(-d(x, y) / c) / Z], data whose every token is replaced with some
probability; as c goes to 0, the data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.config.presets import merged
from sequence_tutor.exact import Levels, along_sequences
from sequence_tutor.sampling.edits import kept_probability


class RAMLEdits(PolicyMethod):
    """Maximum likelihood on edited data; nothing is sampled from the policy."""

    name = "raml-edits"
    held = False
    takes_given = True
    edits = True
    reads = ()
    needs = merged(FRESH, {"exploration": {"given": 1.0}})

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """The negative log-likelihood of what was given."""
        given = seen.learned if seen.given is None else seen.given
        missed = -now.log_policy.where(given, 0.0)
        return missed.sum(1).mean(), missed

    def optimum(
        self, log_prior: Levels, reward: Levels, c: float, discount: float
    ) -> Levels | None:
        """That of the prior as data, where all sequences have one length; else None."""
        if any(bool((level == -torch.inf).any()) for level in log_prior):
            return None
        size, length = log_prior[0].shape[1], len(log_prior)
        kept = kept_probability(c, size)
        kernel = torch.full((size, size), (1 - kept) / max(size - 1, 1), dtype=torch.float64)
        kernel.fill_diagonal_(kept)
        probability = along_sequences(log_prior).exp().view((size,) * length)
        for step in range(length):
            probability = torch.tensordot(probability, kernel, dims=([step], [0])).movedim(-1, step)
        levels = [
            probability.reshape(size**t, size, -1).sum(2) for t in range(length)
        ]  # of each beginning and next token
        return tuple((level / level.sum(1, keepdim=True)).log() for level in levels)
