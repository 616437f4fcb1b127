from __future__ import annotations

import pytest

from sequence_tutor.melody.rules import Leap
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


def paid(tokens: list[int], rule: Leap | None = None) -> list[float]:
    melodies = Melodies(SequenceBatch.from_lists([tokens]))
    return [float(value) for value in (rule or Leap())(melodies)[0]]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        # Up 7 from 14, back by steps: 17 is above 14, 14 itself resolves.
        ([14, 21, 17, 14], [0, 0, 0, 5]),
        # Passing the start resolves as well, and only once.
        ([14, 21, 17, 13, 10], [0, 0, 0, 5, 0]),
        # Down 7 from 21, then up to it.
        ([21, 14, 18, 21], [0, 0, 0, 5]),
        # Six semitones are no leap.
        ([14, 20, 14], [0, 0, 0]),
        # Rests and holds between change nothing.
        ([14, 0, 21, 1, 0, 17, 1, 14], [0, 0, 0, 0, 0, 0, 0, 5]),
        # Twice the same way is punished, and stays pending with the first start: 14 resolves.
        ([14, 21, 28, 22, 16, 14], [0, 0, -5, 0, 0, 5]),
        # A leap back the other way just after cancels without pay; nothing is pending after it.
        ([14, 21, 14, 14, 13], [0, 0, 0, 0, 0]),
        # After more than six steps between, a leap back resolves: steps 2..8 are seven.
        ([14, 21, 1, 1, 1, 1, 1, 1, 1, 14], [0] * 9 + [5]),
        ([14, 21, 1, 1, 1, 1, 1, 1, 14], [0] * 9),
        # A cancelled leap starts the count anew, and the next leap is pending from its own start.
        ([14, 21, 14, 21, 17, 14], [0, 0, 0, 0, 0, 5]),
        # No note before: no interval, no leap.
        ([0, 0, 30, 23], [0, 0, 0, 0]),
        ([30], [0]),
    ],
)
def test_hand_worked(tokens: list[int], expected: list[float]) -> None:
    assert paid(tokens) == expected


def test_the_constants_are_parameters() -> None:
    assert paid([14, 19, 14], Leap(semitones=4, patience=0)) == [0, 0, 0]
    assert paid([14, 19, 1, 14], Leap(semitones=4, patience=0)) == [0, 0, 0, 5]
    assert paid([14, 21, 28, 22, 16, 14], Leap(resolved=1.0, doubled=-2.0)) == [0, 0, -2, 0, 0, 1]


def test_up_and_down_are_alike() -> None:
    tokens = [14, 21, 28, 22, 16, 14, 7, 1, 0, 2, 9, 14, 30, 14]
    mirrored = [39 - token if token > 1 else token for token in tokens]
    assert paid(tokens) == paid(mirrored)
