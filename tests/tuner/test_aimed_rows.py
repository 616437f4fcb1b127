"""Where aims are paid: at the step that counts, with the same sums for each sequence."""

from __future__ import annotations

import torch

from sequence_tutor.config.aims import parse_aims
from sequence_tutor.domain.rows import JoinedRows, RewardRows
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.rows import ToyRows
from sequence_tutor.tuner.aimed_rows import AimedRows, bounds_of
from sequence_tutor.tuner.payments import Payments

BATCH = SequenceBatch.from_lists([[0, 0, 1, 2], [2, 0, 0], [1, 1, 0, 0]])


class Paid:
    """A reward of one term: two for each token 2."""

    names = ("twos",)
    weights = torch.ones(1)

    def __call__(self, batch: SequenceBatch) -> torch.Tensor:
        """(B, T, 1)."""
        return 2.0 * ((batch.tokens == 2) & batch.mask)[:, :, None]


def test_counts_are_made_at_their_steps() -> None:
    aims = parse_aims({"token_0": ">= 50 %", "repeats_of_0": ">= 0.5", "twos": ">= 1"})
    reward = Paid()
    aimed = AimedRows(aims, JoinedRows(ToyRows(3), RewardRows(reward)))
    log_prior = torch.zeros(BATCH.tokens.shape)
    terms = reward(BATCH)
    counts = aimed.of_sequences(BATCH, log_prior, terms)
    steps = aimed.by_step(BATCH, counts, log_prior, terms)
    assert torch.equal(steps.sum(1).double(), counts)
    assert steps[0, :, 0].tolist() == [1, 1, 0, 0]  # 0s
    assert steps[0, :, 2].tolist() == [0, 1, 0, 0]  # a 0 after a 0 ...
    assert steps[0, :, 3].tolist() == [0, 1, 1, 0]  # ... of the steps after a 0
    assert steps[1, :, 4].tolist() == [2, 0, 0, 0]  # what the term pays, and when
    assert steps[1, :, 5].tolist() == [0, 0, 1, 0]  # a sequence counts once


def test_rows_of_whole_sequences_are_paid_at_the_last_step() -> None:
    class Whole:
        """The rows of the toy problem without their steps."""

        def __init__(self) -> None:
            self.ranges, self.count = ToyRows(3).ranges, ToyRows(3).count

    aims = parse_aims({"token_0": ">= 50 %"})
    log_prior = torch.full(BATCH.tokens.shape, -1.0) * BATCH.mask
    terms = Paid()(BATCH)
    paid = []
    for rows in (ToyRows(3), Whole()):
        aimed = AimedRows(aims, rows)
        counts = aimed.of_sequences(BATCH, log_prior, terms)
        payments = Payments(3.0 * torch.tensor([1.0, -bounds_of(aims)[0].at]))
        steps = aimed.by_step(BATCH, counts, log_prior, terms)
        paid.append(payments.common(torch.zeros(BATCH.tokens.shape), log_prior, steps))
    assert paid[0][0].tolist() == [1.5, 1.5, -1.5, -1.5]  # 3 (fired - 1/2)
    assert paid[1][0].tolist() == [0, 0, 0, 0]
    assert paid[1][1].tolist() == [0, 0, 1.5, 0]
    assert torch.allclose(paid[0].sum(1), paid[1].sum(1))
