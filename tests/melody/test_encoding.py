from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequence_tutor.melody.encoding import VOCAB_SIZE, Note, decode, encode


def test_hand_worked_melody() -> None:
    notes = [Note(0, 2, 60), Note(3, 4, 62)]
    tokens = [14, 1, 0, 16, 0]
    assert encode(notes, 5) == tokens
    assert decode(tokens) == notes


def test_range_is_c3_to_b5() -> None:
    assert encode([Note(0, 1, 48), Note(1, 2, 83)], 2) == [2, 37]


def test_silence_before_the_first_note_is_held() -> None:
    assert encode([Note(2, 4, 60)], 4) == [1, 1, 14, 1]
    assert decode([0, 1, 14, 0, 0, 1]) == [Note(2, 3, 60)]


@pytest.mark.parametrize(
    ("notes", "steps"),
    [
        ([Note(0, 2, 60), Note(1, 3, 60)], 4),
        ([Note(0, 0, 60)], 4),
        ([Note(-1, 1, 60)], 4),
        ([Note(0, 5, 60)], 4),
        ([Note(0, 1, 47)], 4),
        ([Note(0, 1, 84)], 4),
    ],
)
def test_impossible_notes_are_refused(notes: list[Note], steps: int) -> None:
    with pytest.raises(ValueError, match="must"):
        encode(notes, steps)


@pytest.mark.parametrize("token", [-1, 38])
def test_unknown_tokens_are_refused(token: int) -> None:
    with pytest.raises(ValueError, match="token"):
        decode([token])


@given(st.lists(st.integers(0, VOCAB_SIZE - 1), max_size=64))
def test_notes_survive_encoding(tokens: list[int]) -> None:
    notes = decode(tokens)
    assert decode(encode(notes, len(tokens))) == notes
