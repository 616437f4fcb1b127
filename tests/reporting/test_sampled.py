from __future__ import annotations

from pathlib import Path

import torch

from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.reporting.sampled import MOST_KEPT, Sampled
from sequence_tutor.sequences import SequenceBatch


def numbered(_: Model, count: int) -> SequenceBatch:
    """Sequences that no model writes."""
    return SequenceBatch.full(torch.arange(count)[:, None])


def test_what_was_measured_is_shown_each_sequence_once(melody_run: Path) -> None:
    model = load_model(melody_run)
    sampled = Sampled(0, 20, numbered)
    rows = torch.tensor([[2, 3], [2, 3], [4, 5], [6, 7]])
    sampled.keep(model, SequenceBatch.full(rows))
    assert sampled.at_most(model, 2).to_lists() == [[2, 3], [4, 5]]
    assert sampled.at_most(model, 9).to_lists() == [[2, 3], [4, 5], [6, 7]]
    assert sampled.exactly(model, 3).to_lists() == [[2, 3], [4, 5], [6, 7]]
    assert sampled.exactly(model, 4).to_lists() == [[0], [1], [2], [3]]  # more than were kept


def test_without_a_measurement_the_same_sequences_are_drawn(melody_run: Path) -> None:
    model = load_model(melody_run)
    kept, drawn = Sampled(3, 30, numbered), Sampled(3, 30, numbered)
    evaluate([model], 30, 3, keep=kept.keep)
    assert drawn.at_most(model, 30).to_lists() == kept.at_most(model, 30).to_lists()


def test_memory_does_not_grow_with_the_samples(melody_run: Path) -> None:
    model = load_model(melody_run)
    sampled = Sampled(0, 9, numbered)
    for begin in range(0, 4 * MOST_KEPT, MOST_KEPT - 5):
        rows = torch.arange(begin, begin + MOST_KEPT - 5)[:, None]
        sampled.keep(model, SequenceBatch.full(rows))
    assert len(sampled.at_most(model, 10 * MOST_KEPT)) == MOST_KEPT
