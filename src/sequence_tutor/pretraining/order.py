"""The order in which training sees its sequences.

`drawn`: each update draws sequences with replacement, in proportion to length, which may begin at a
later bar; for few long sequences. `bucketed`: epochs in which every sequence comes once, in batches
of similar length with little padding; for many short ones.

The batch of an update depends only on the state of a generator (`drawn`) or the number of the
update (`bucketed`), so that a resumed training sees the same.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.randomness import named_generator
from sequence_tutor.sequences import SequenceBatch

POOL = 64
"""Batches sorted by length together: more means less padding and less mixing."""


class DataOrder:
    """Gives the batch of every update; the caller saves the state of `generator` (for `drawn`)."""

    def __init__(
        self, sequences: TokenSequences, settings: PretrainSettings, generator: torch.Generator
    ) -> None:
        self.sequences, self.settings, self.generator = sequences, settings, generator
        learned = (sequences.lengths.clamp(max=settings.window) - settings.skip_loss).clamp(min=0)
        self._usual = float(learned.double().mean()) * settings.batch  # tokens learned in a batch
        self._epoch = -1
        self._batches: tuple[Tensor, ...] = ()

    def weight(self, batch: SequenceBatch) -> float:
        """Weight of the mean loss over a batch's tokens.

        In epochs it is their number relative to its mean. With equal weights, tokens of short
        sequences would count more than those of long ones, and the prior would learn p(x) /
        length(x) instead of p(x): sequences that end too soon.
        """
        if self.settings.order == "drawn":  # lengths are mixed
            return 1.0
        learned = (batch.lengths - self.settings.skip_loss).clamp(min=0)
        return int(learned.sum()) / self._usual

    def batch(self, step: int) -> SequenceBatch:
        """The batch of update number `step`."""
        settings = self.settings
        if settings.order == "drawn":
            return self.sequences.random(
                settings.batch, settings.window, settings.crop, settings.crop_grid, self.generator
            )
        epoch, place = divmod(step, -(-len(self.sequences) // settings.batch))
        if epoch != self._epoch:
            generator = named_generator(settings.seed, f"epoch {epoch}")
            self._epoch = epoch
            self._batches = bucketed(self.sequences.lengths, settings.batch, generator)
        rows = self._batches[place]
        return self.sequences.read(rows, torch.zeros_like(rows), settings.window)


def bucketed(lengths: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """An epoch: ceil(S / size) batches of row numbers, every row once.

    Rows are shuffled, sorted by length (S,) within pools of `POOL` batches, and cut into batches,
    whose order is shuffled again; one batch may have fewer rows.
    """
    shuffled = torch.randperm(len(lengths), generator=generator)
    pools = [pool[lengths[pool].argsort(stable=True)] for pool in shuffled.split(POOL * size)]
    batches = [batch for pool in pools for batch in pool.split(size)]
    order = torch.randperm(len(batches), generator=generator).tolist()
    return tuple(batches[place] for place in order)
