"""Epochs of batches of like lengths."""

from itertools import pairwise

import pytest
import torch
from pydantic import ValidationError

from kit import generator
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.pretraining.order import DataOrder, bucketed
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.randomness import named_generator

SETTINGS = PretrainSettings(order="bucketed", crop=0.0, batch=4, window=64)


def sequences(count: int = 30) -> TokenSequences:
    return TokenSequences([[number] * (1 + number % 7) for number in range(count)])


def order(seed: int = 0) -> DataOrder:
    settings = SETTINGS.model_copy(update={"seed": seed})
    return DataOrder(sequences(), settings, torch.Generator())


def test_an_epoch_holds_every_sequence_once() -> None:
    data = order()
    for epoch in range(3):
        batches = [data.batch(epoch * 8 + place) for place in range(8)]  # 30 = 7 x 4 + 2
        rows = sorted(row[0] for batch in batches for row in batch.to_lists())
        assert rows == list(range(30))
        assert sorted(len(batch) for batch in batches) == [2] + [4] * 7


def test_batches_are_of_like_lengths_and_epochs_differ() -> None:
    lengths = torch.randint(1, 100, (5000,), generator=generator())
    one, other = (bucketed(lengths, 50, named_generator(0, f"epoch {epoch}")) for epoch in (0, 1))
    padded = sum(int(lengths[rows].max()) * len(rows) for rows in one)
    assert padded < 1.03 * int(lengths.sum())
    means = [float(lengths[rows].double().mean()) for rows in one]
    assert any(later < earlier for earlier, later in pairwise(means))  # not sorted as a whole
    assert {tuple(rows.tolist()) for rows in one} != {tuple(rows.tolist()) for rows in other}


def test_every_token_counts_for_the_same_whatever_batch_it_is_in() -> None:
    data = order()
    batches = [data.batch(place) for place in range(8)]
    tokens = [int(batch.lengths.sum()) for batch in batches]
    weights = [data.weight(batch) for batch in batches]
    shares = [weight / count for weight, count in zip(weights, tokens, strict=True)]
    assert shares == pytest.approx([shares[0]] * 8)
    assert weights[0] == pytest.approx(tokens[0] / (4 * sum(tokens) / 30))
    drawn = DataOrder(sequences(), PretrainSettings(), torch.Generator())
    assert drawn.weight(batches[0]) == 1.0


def test_a_batch_depends_on_its_number_and_the_seed_alone() -> None:
    straight = order()
    batches = [straight.batch(step).to_lists() for step in range(20)]
    for step in (13, 2, 19):
        assert order().batch(step).to_lists() == batches[step]
    assert order(seed=1).batch(0).to_lists() != batches[0]


def test_crops_are_for_drawn_sequences() -> None:
    with pytest.raises(ValidationError, match=r"crop is 0\.5, expected 0"):
        PretrainSettings(order="bucketed")
