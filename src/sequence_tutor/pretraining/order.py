"""In which order training sees its sequences.

`drawn`: every update draws with replacement, in proportion to length, and may begin at a later bar;
right for a few long sequences. `bucketed`: epochs, in which every sequence comes once; those that
share a batch are of similar length, so that little is padding; right for many short ones.

What an update sees depends on nothing that would have to be kept besides the state of one generator
(`drawn`) or the number of the update (`bucketed`), so a resumed training sees the same.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.randomness import named_generator
from sequence_tutor.sequences import SequenceBatch

POOL = 64
"""Batches whose sequences are sorted by length together: more pad less and mix less."""


class DataOrder:
    """Gives the batch of every update.

    Args:
        sequences: what is learned from.
        settings: the order, the batch, the window; for `drawn` also the crops.
        generator: what `drawn` draws from; its state is the caller's to keep.
    """

    def __init__(
        self, sequences: TokenSequences, settings: PretrainSettings, generator: torch.Generator
    ) -> None:
        self.sequences, self.settings, self.generator = sequences, settings, generator
        learned = (sequences.lengths.clamp(max=settings.window) - settings.skip_loss).clamp(min=0)
        self._usual = float(learned.double().mean()) * settings.batch  # tokens learned in a batch
        self._epoch = -1
        self._batches: tuple[Tensor, ...] = ()

    def weight(self, batch: SequenceBatch) -> float:
        """What the mean loss over a batch's tokens counts for.

        In epochs it is the number of those tokens over the usual one. Weighted alike, batches of
        short sequences would count each of their tokens for more than batches of long ones do, and
        what is learned would not be p(x) but p(x) / length(x): sequences that end too soon.
        """
        if self.settings.order == "drawn":  # lengths are mixed, so that batches are alike
            return 1.0
        learned = (batch.lengths - self.settings.skip_loss).clamp(min=0)
        return int(learned.sum()) / self._usual

    def batch(self, step: int) -> SequenceBatch:
        """What update number `step` learns from."""
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
    """An epoch: every row once, in shuffled batches of rows of similar length.

    Rows are shuffled, sorted by length within pools of `POOL` batches, and cut into batches, whose
    order is shuffled again.

    Args:
        lengths: (S,) of all rows.
        size: rows of a batch; one batch of the epoch may have fewer.
        generator: source of both shuffles.

    Returns:
        ceil(S / size) tensors of row numbers.
    """
    shuffled = torch.randperm(len(lengths), generator=generator)
    pools = [pool[lengths[pool].argsort(stable=True)] for pool in shuffled.split(POOL * size)]
    batches = [batch for pool in pools for batch in pool.split(size)]
    order = torch.randperm(len(batches), generator=generator).tolist()
    return tuple(batches[place] for place in order)
