from __future__ import annotations

import pytest

from sequence_tutor.melody.rules import Interval
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

C, D, E, F, G, A, B = 14, 16, 18, 19, 21, 23, 25


def paid(tokens: list[int], rule: Interval | None = None, key: Key | None = None) -> list[float]:
    melodies = Melodies(SequenceBatch.from_lists([tokens]), key or Key())
    return [float(value) for value in (rule or Interval())(melodies)[0]]


@pytest.mark.parametrize(
    ("previous", "token", "expected"),
    [
        (C, 0, 0.75), (G, 0, 0.75), (E, 0, 0.25), (D, 0, 0.25),
        (C, 1, 1.5), (G, 1, 1.5), (E, 1, 0.375), (D, 1, 0.375),
        (C, C, 0), (C, C + 1, 0), (C, D, 0.4), (D, C, 0.4), (C, C + 3, 0),
        (C, E, 0.75), (E, C, 0.75), (F, A, 0.45), (G, B, 0.45), (A, F, 0.45),
        (C, F, 0.35), (C, C + 6, 0),
        (C, G, 0.5), (G, C, 0.5), (F, C + 12, 0.1), (E, B, 0.1),
        (C, C + 8, 0), (C, A, 0.25), (C, C + 10, 0), (C, B, -1.5), (C, C + 12, 0),
        (C, C + 13, -5), (37, 2, -5),
    ],
)  # fmt: skip
def test_the_table(previous: int, token: int, expected: float) -> None:
    assert paid([previous, token]) == [0, expected]


def test_rests_and_holds_do_not_break_an_interval() -> None:
    # D: hold .375, rest .25, hold .375, then G is a fourth above D: .35.
    assert paid([D, 1, 0, 1, G]) == [0, 0.375, 0.25, 0.375, 0.35]


def test_nothing_before_the_first_note() -> None:
    assert paid([0, 1, 0, D]) == [0, 0, 0, 0]


def test_another_key_moves_the_three_sets() -> None:
    # In A minor the tonic is A, the third C and the fifth E: A to E is a fifth from the tonic,
    # C to E a third from the third, and C is no longer a note to rest on.
    minor = Key(tonic="A", scale="natural_minor")
    assert paid([A - 12, E, 0], key=minor) == [0, 0.5, 0.75]
    assert paid([C, E], key=minor) == [0, 0.75]
    assert paid([C, 0], key=minor) == [0, 0.25]


def test_the_constants_are_parameters() -> None:
    assert paid([C, D, E], Interval(major_second=-2.0)) == [0, -2, -2]
