"""RAML in its own form: maximum likelihood on sequences within an edit distance of data.

Source: Norouzi et al. 2016, *Reward augmented maximum likelihood for neural structured prediction*,
Eq. 7 and section 2.2 (https://arxiv.org/abs/1609.00150). Its reward of y beside data x is minus the
number of tokens that differ, and the rules of the run play no part: c is its temperature tau, in
edits. The policy learns E_data[exp(-d(x, y) / c) / Z], data whose every token is replaced with some
probability; as c goes to 0, the data. `raml-edit-distance` counts insertions and deletions, too.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.config.presets import merged
from sequence_tutor.exact import Levels, along_sequences, enumerate_sequences
from sequence_tutor.sampling.edit_distance import edit_distance
from sequence_tutor.sampling.edits import kept_probability
from sequence_tutor.sequences import SequenceBatch

MOST_ENUMERATED = 1024
"""Sequences, beyond which all of their distances are not computed."""


class RAMLEdits(PolicyMethod):
    """Maximum likelihood on edited data; nothing is sampled from the policy."""

    name = "raml-edits"
    held = False
    takes_given = True
    edits: Literal["none", "replace", "distance"] = "replace"
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
        probability = self.edited_data(along_sequences(log_prior).exp(), c, size, length)
        if probability is None:
            return None
        levels = [
            probability.reshape(size**t, size, -1).sum(2) for t in range(length)
        ]  # of each beginning and next token
        return tuple((level / level.sum(1, keepdim=True)).log() for level in levels)

    def edited_data(self, probability: Tensor, c: float, size: int, length: int) -> Tensor | None:
        """(V^T,) probability of every sequence after its edits, from that before; None: unknown."""
        kept = kept_probability(c, size)
        kernel = torch.full((size, size), (1 - kept) / max(size - 1, 1), dtype=torch.float64)
        kernel.fill_diagonal_(kept)
        probability = probability.view((size,) * length)
        for step in range(length):
            probability = torch.tensordot(probability, kernel, dims=([step], [0])).movedim(-1, step)
        return probability


class RAMLEditDistance(RAMLEdits):
    """The same with the edit distance of Levenshtein: tokens are inserted and deleted, too."""

    name = "raml-edit-distance"
    edits = "distance"

    def edited_data(self, probability: Tensor, c: float, size: int, length: int) -> Tensor | None:
        """The same from the distances of all pairs of sequences."""
        count = len(probability)
        if count > MOST_ENUMERATED:
            return None
        every = enumerate_sequences(size, length)
        found = torch.zeros_like(probability)
        for row in range(count):
            one = SequenceBatch(every.tokens[row].expand(count, -1), every.lengths)
            found += probability[row] * (-edit_distance(one, every) / c).softmax(0)
        return found
