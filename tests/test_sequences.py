"""The batch of sequences that everything else is built on."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sequence_tutor.sequences import SequenceBatch

RAGGED = [[3, 1, 4], [1], [5, 9, 2, 6]]


def test_lists_are_padded_with_zeros_and_their_lengths_kept() -> None:
    batch = SequenceBatch.from_lists(RAGGED)
    assert batch.tokens.tolist() == [[3, 1, 4, 0], [1, 0, 0, 0], [5, 9, 2, 6]]
    assert batch.tokens.dtype == torch.int64
    assert batch.lengths.tolist() == [3, 1, 4]
    assert len(batch) == 3


def test_the_mask_is_true_where_a_token_belongs() -> None:
    mask = SequenceBatch.from_lists(RAGGED).mask
    assert mask.tolist() == [
        [True, True, True, False],
        [True, False, False, False],
        [True, True, True, True],
    ]


def test_tokens_that_were_given_do_not_count() -> None:
    mask = SequenceBatch.from_lists(RAGGED).mask_after(2)
    assert mask.tolist() == [
        [False, False, True, False],
        [False, False, False, False],
        [False, False, True, True],
    ]


def test_steps_that_no_sequence_reaches_are_trimmed() -> None:
    trimmed = SequenceBatch.from_lists(RAGGED)[:2].trimmed
    assert trimmed.tokens.tolist() == [[3, 1, 4], [1, 0, 0]]
    assert trimmed.lengths.tolist() == [3, 1]


@given(st.lists(st.lists(st.integers(0, 1000), min_size=1, max_size=9), min_size=1, max_size=6))
def test_lists_come_back_as_they_went_in(sequences: list[list[int]]) -> None:
    batch = SequenceBatch.from_lists(sequences)
    assert batch.to_lists() == sequences
    assert int(batch.mask.sum()) == sum(map(len, sequences))


def test_a_full_batch_has_no_padding() -> None:
    batch = SequenceBatch.full(torch.arange(6).view(2, 3))
    assert batch.lengths.tolist() == [3, 3]
    assert bool(batch.mask.all())


@pytest.mark.parametrize(
    "rows", [torch.tensor([2, 0]), torch.tensor([True, False, True]), slice(1, 3)]
)
def test_rows_are_chosen_with_their_lengths(rows: torch.Tensor | slice) -> None:
    chosen = SequenceBatch.from_lists(RAGGED)[rows]
    expected = {(2, 0): [2, 0], (1, 0, 1): [0, 2]}
    order = [1, 2] if isinstance(rows, slice) else expected[tuple(rows.int().tolist())]
    assert chosen.to_lists() == [RAGGED[row] for row in order]


def test_a_batch_moves_whole() -> None:
    moved = SequenceBatch.from_lists(RAGGED).to("meta")
    assert moved.tokens.device.type == moved.lengths.device.type == moved.mask.device.type == "meta"


@pytest.mark.parametrize("tokens", [torch.zeros(3, dtype=torch.int64), torch.zeros(2, 3)])
def test_tokens_of_another_rank_or_type_are_refused(tokens: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"tokens must be \(B, T\) int64"):
        SequenceBatch(tokens, torch.ones(len(tokens), dtype=torch.int64))


@pytest.mark.parametrize("lengths", [torch.ones(3, dtype=torch.int64), torch.ones(2)])
def test_lengths_of_another_number_or_type_are_refused(lengths: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"lengths must be \(B,\) int64 with B = 2"):
        SequenceBatch(torch.zeros(2, 3, dtype=torch.int64), lengths)


def test_two_batches_one_after_the_other() -> None:
    both = SequenceBatch.from_lists([[1, 2, 3], [4]]) + SequenceBatch.from_lists([[5, 6]])
    assert both.to_lists() == [[1, 2, 3], [4], [5, 6]]
    assert both.tokens.tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
