"""New sequences that begin as good ones do: a search around what was found, beside the policy.

A policy under a steep reward crowds into the few sequences that it knows, and finds nothing any
more. Sequences of replay are good places to look around: each is cut somewhere, and the prior,
which knows how sequences go on and nothing of the reward, writes another end. Where one thing can
be written in several ways, as a molecule can, any part of it may be the end. Learning from them
needs no correction: Q, Psi and G learn from whatever was sampled.

The idea is that of evolutionary search, whose mutations here come from the prior. (Ours; Kim et al.
2024, https://arxiv.org/abs/2402.05961, breed molecules beside a policy with hand-made operators.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.replay.sampling import draw_ranks
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch

BY_RANK = 0.5
"""The k-th best of replay is taken with density proportional to k to the power of minus this."""

KEPT = 3
"""One in so many tokens is kept at least; at most all but the last two are."""


class Regrower:
    """Writes other ends to the sequences of replay.

    Args:
        task: prior, length and prefix; a prefix is never cut.
        replay: where beginnings come from, the better ones more often.
        share: of a collection, 0..1, that is written so.
        generator: source of all randomness.
    """

    def __init__(
        self, task: Task, replay: SequenceReplay, share: float, generator: torch.Generator
    ) -> None:
        self.task, self.replay, self.share = task, replay, share
        self.generator = generator
        self.speller = None if task.prefix else task.speller  # another spelling begins otherwise

    def count(self, size: int) -> int:
        """Of a collection of `size`, how many sequences: never all, and none of an empty replay."""
        return int(self.share * size) if len(self.replay) else 0

    def __call__(self, count: int) -> SequenceBatch:
        """So many sequences."""
        ranks = draw_ranks(len(self.replay), count, BY_RANK, self.generator)
        parents = self.replay.read(self.replay.ranked()[ranks]).batch
        if self.speller is not None:
            parents = self.speller.varied(parents, self.generator)
        kept = cut(parents.lengths, len(self.task.prefix), self.generator)
        regrown = rollout(
            self.task.prior,
            count,
            self.task.length,
            self.generator,
            end_token=self.task.end_token,
            prime=SequenceBatch(parents.tokens, kept),
        ).batch
        return regrown if self.speller is None else self.speller.settled(regrown)


def cut(lengths: Tensor, least: int, generator: torch.Generator) -> Tensor:
    """(B,) how many tokens to keep of sequences of `lengths` (B,), each possible number as likely.

    Args:
        lengths: (B,).
        least: tokens that are kept whatever happens.
        generator: source of randomness.
    """
    low = (lengths // KEPT).clamp(min=max(1, least))
    high = torch.maximum(lengths - 2, low)
    uniform = uniform_numbers(generator, len(lengths))
    return low + (uniform * (high - low + 1)).long()
