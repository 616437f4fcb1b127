"""Batches out of sequences of any length."""

import pytest
import torch

from kit import generator
from sequence_tutor.domain.token_sequences import TokenSequences

ROWS = [[1, 2, 3, 4, 5], [6], [7, 8, 9]]


def test_rows_come_back() -> None:
    sequences = TokenSequences(ROWS)
    assert len(sequences) == 3
    assert sequences.rows() == ROWS
    assert len(TokenSequences([])) == 0


def test_reading_starts_at_the_offset_and_stops_at_the_window() -> None:
    batch = TokenSequences(ROWS).read(torch.tensor([0, 2, 1]), torch.tensor([1, 2, 0]), window=3)
    assert batch.to_lists() == [[2, 3, 4], [9], [6]]
    assert bool((batch.tokens[~batch.mask] == 0).all())


def test_batches_hold_every_sequence_once_the_longest_first() -> None:
    batches = list(TokenSequences(ROWS).batches(2, window=4))
    assert [batch.to_lists() for batch in batches] == [[[1, 2, 3, 4], [7, 8, 9]], [[6]]]


def test_without_crops_every_draw_is_a_whole_sequence() -> None:
    batch = TokenSequences(ROWS).random(200, 8, crop=0.0, grid=2, generator=generator())
    assert {tuple(row) for row in batch.to_lists()} == {tuple(row) for row in ROWS}


def test_sequences_are_drawn_in_proportion_to_their_length() -> None:
    batch = TokenSequences(ROWS).random(9000, 8, crop=0.0, grid=2, generator=generator())
    drawn = [int((batch.tokens[:, 0] == row[0]).sum()) for row in ROWS]
    assert drawn == [pytest.approx(1000 * len(row), abs=150) for row in ROWS]


def test_crops_begin_on_the_grid_and_keep_a_token() -> None:
    sequences = TokenSequences([list(range(10)), list(range(20, 28))])
    batch = sequences.random(400, 16, crop=1.0, grid=4, generator=generator())
    # 8 tokens have their last start at 4: one at 8 would keep none
    assert set(batch.tokens[:, 0].tolist()) == {0, 4, 8, 20, 24}
    for row in batch.to_lists():
        assert row[-1] in (9, 27)


def test_a_share_is_cropped() -> None:
    sequences = TokenSequences([list(range(64))])
    batch = sequences.random(4000, 64, crop=0.5, grid=16, generator=generator())
    # half of the draws start anywhere on a grid of four places, one of which is the beginning
    begun_later = float((batch.tokens[:, 0] > 0).double().mean())
    assert begun_later == pytest.approx(0.5 * 3 / 4, abs=0.03)


def test_one_seed_gives_one_batch() -> None:
    sequences = TokenSequences(ROWS)
    first, again = (
        sequences.random(20, 4, crop=0.5, grid=2, generator=generator()) for _ in range(2)
    )
    assert torch.equal(first.tokens, again.tokens)
