"""Replayed sequences in other spellings, where one thing can be written as several sequences.

A molecule has many SMILES, and each is a sequence of its own with the same return. Replay holds
one of them; learned from in a new spelling each time, a molecule teaches what leads to it from
everywhere. The optimum p(x) exp(r(x)/c) / Z is over sequences and stays what it is, because no
sequence is paid otherwise and learning needs no particular ones. The probability of a molecule is
the sum over its spellings, in the optimum as in the policy.

Source: Guo and Schwaller, Augmented Memory, 2023 (https://arxiv.org/abs/2305.16160).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sequence_tutor.errors import UserError
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.experiences import Experiences


class Respeller:
    """Writes a share of replayed sequences in another way.

    Args:
        task: its speller, and T.
        experiences: asks the prior of the new sequences.
        share: of the sequences, 0..1.
        generator: source of all randomness.

    Raises:
        UserError: sequences have one spelling each, or begin with a prefix.
    """

    def __init__(
        self, task: Task, experiences: Experiences, share: float, generator: torch.Generator
    ) -> None:
        if share and task.speller is None:
            raise UserError(
                f"replay.respell is {share}, expected 0: these sequences have one spelling each"
            )
        if share and task.prefix:
            raise UserError(
                f"replay.respell is {share}, expected 0 with a beginning that is given: in another "
                "spelling a sequence would begin otherwise"
            )
        self.task, self.experiences, self.share = task, experiences, share
        self.generator = generator

    def __call__(self, stored: Stored, first: int) -> Stored:
        """The same sequences, those from `first` on partly in another spelling.

        What a sequence was paid at its steps is then paid at its last.
        """
        if not self.share or self.task.speller is None or first == len(stored.batch):
            return stored
        width = self.task.length
        rows = slice(first, None)
        tokens = F.pad(stored.batch.tokens, (0, width - stored.batch.tokens.shape[1]))
        old = SequenceBatch(tokens, stored.batch.lengths)
        new = self.task.speller.varied(old[rows], self.generator, self.share)
        terms = F.pad(stored.terms, (0, 0, 0, width - stored.terms.shape[1]))
        moved = torch.zeros_like(terms[rows])
        moved[torch.arange(len(new)), new.lengths - 1] = terms[rows].sum(1)
        counts = None if stored.counts is None else stored.counts[rows]
        judged = self.experiences.store(new, moved, None, counts)
        log_prior = F.pad(stored.log_prior, (0, width - stored.log_prior.shape[1])).clone()
        terms = terms.clone()
        tokens, lengths = tokens.clone(), old.lengths.clone()
        tokens[rows], lengths[rows] = new.tokens, new.lengths
        terms[rows], log_prior[rows] = moved, judged.log_prior.to(log_prior)
        longest = int(lengths.max())
        batch = SequenceBatch(tokens[:, :longest], lengths)
        return Stored(batch, terms[:, :longest], log_prior[:, :longest], stored.counts)
