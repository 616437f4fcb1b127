"""Beginnings of data that the policy continues, shorter and shorter: the schedule of MIXER.

A sequence of data is cut after n tokens, and the policy writes the rest. n falls linearly from a
share of the length to 0 (Ranzato et al. 2016, *Sequence level training with recurrent neural
networks*, Algorithm 1, https://arxiv.org/abs/1511.06732, where it falls by steps). Data are the
seeds of the run, or else sequences of the prior, which has learned them from data.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from sequence_tutor.sampling.edit_distance import edited_within
from sequence_tutor.sampling.edits import edited
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.settings import TuneSettings


def tokens_given(settings: TuneSettings, share: float, length: int, first: int) -> int:
    """How many tokens of each sequence are data, those of a common prefix included.

    Args:
        settings: of the run.
        share: of its updates that are done, 0..1.
        length: T, most tokens of a sequence.
        first: tokens of the common prefix.
    """
    if not settings.traits.takes_given:
        return first
    if settings.traits.edits != "none":
        return length
    explored = settings.exploration
    left = max(0.0, 1 - share / explored.given_anneal)
    return first + round(explored.given * left * (length - first))


class Beginnings:
    """Draws beginnings of data.

    Args:
        task: prior, length and prefix.
        settings: of the run.
        data: sequences of tokens; none: the prior's are taken.
    """

    def __init__(
        self, task: Task, settings: TuneSettings, data: Sequence[Sequence[int]] = ()
    ) -> None:
        self.task, self.settings = task, settings
        self._data = SequenceBatch.from_lists(data) if data else None

    def __call__(
        self, count: int, share: float, generator: torch.Generator
    ) -> SequenceBatch | None:
        """So many beginnings; None where all are only the common prefix.

        Args:
            count: B.
            share: of the run's updates that are done, 0..1.
            generator: source of all randomness.
        """
        drawn = self._draw(count, share, generator)
        if drawn is None or self.settings.traits.edits == "none":
            return drawn
        c, size, first = self.settings.c, self.task.prior.vocab_size, len(self.task.prefix)
        rest = SequenceBatch(drawn.tokens[:, first:], drawn.lengths - first)
        if self.settings.traits.edits == "replace":
            written = edited(rest, c, size, generator, self.task.end_token)
        else:
            room = self.task.length - first
            written = edited_within(rest, c, size, room, generator, self.task.end_token)
        begun = drawn.tokens[:, :first]
        return SequenceBatch(torch.cat([begun, written.tokens], 1), written.lengths + first)

    def _draw(self, count: int, share: float, generator: torch.Generator) -> SequenceBatch | None:
        """The same without any edit."""
        first = len(self.task.prefix)
        most = tokens_given(self.settings, share, self.task.length, first)
        if most == first:
            return None
        if self._data is None:
            return rollout(
                self.task.prior,
                count,
                most,
                generator,
                end_token=self.task.end_token,
                prime=self.task.prime,
            ).batch
        data = self._data.to(generator.device)
        rows = torch.randint(len(data), (count,), generator=generator, device=generator.device)
        return SequenceBatch(data.tokens[rows, :most], data.lengths[rows].clamp(max=most))
