from __future__ import annotations

import pytest
import torch

from sequence_tutor.melody.rules import Motif
from sequence_tutor.melody.view import Melodies, count_bits
from sequence_tutor.sequences import SequenceBatch


def melodies_of(tokens: list[int]) -> Melodies:
    return Melodies(SequenceBatch.from_lists([tokens]))


def test_hand_worked() -> None:
    # Step 7 (window 0..7): {14, 16, 18}, 3 notes, pays 3. Step 8 (1..8): 19 joins, 4 notes, pays
    # 3.3. Step 9 (2..9): 14 of step 2 is still in, 4 notes. Step 10 (3..10): no 14 any more, 3.
    tokens = [14, 16, 14, 18, 1, 1, 0, 16, 19, 1, 1]
    expected = [[0] * 7 + [3.0, 3.3, 3.3, 3.0]]
    assert Motif()(melodies_of(tokens))[0].tolist() == pytest.approx(expected[0])


def test_rests_and_holds_are_no_notes_and_an_incomplete_window_is_no_motif() -> None:
    assert Motif()(melodies_of([0, 1, 0, 1, 14, 16, 0, 1, 0])).tolist() == [[0] * 9]
    assert Motif()(melodies_of([14, 16, 18, 19, 21, 23, 25])).tolist() == [[0] * 7]


@pytest.mark.parametrize("window", [2, 3, 5, 8, 11, 16])
def test_distinct_notes_in_any_window(window: int) -> None:
    tokens = [2, 37, 0, 14, 2, 1, 16, 16, 37, 5, 6, 7, 8, 0, 0, 9, 37, 2, 1, 1]
    expected = [
        len({token for token in tokens[t - window + 1 : t + 1] if token > 1})
        if t >= window - 1
        else 0
        for t in range(len(tokens))
    ]
    assert melodies_of(tokens).distinct_pitched(window).tolist() == [expected]


def test_the_constants_are_parameters() -> None:
    rule = Motif(amount=1.0, bonus=0.5, window=2, distinct=1)
    assert rule(melodies_of([14, 16, 16])).tolist() == [[0, 1.5, 1.0]]


def test_bits_are_counted() -> None:
    words = [0, 1, 2**37, 2**38 - 4, 0b1011]
    assert count_bits(torch.tensor(words)).tolist() == [word.bit_count() for word in words]
