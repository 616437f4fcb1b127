from __future__ import annotations

import pytest

from sequence_tutor.melody.rules import Tonic
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


def paid(tokens: list[int], key: Key | None = None) -> list[float]:
    melodies = Melodies(SequenceBatch.from_lists([tokens]), key or Key())
    return [float(value) for value in Tonic()(melodies)[0]]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        # N = 8: the tonic is due at steps 0 and 4, a hold at 5, hold or rest at 6 and 7.
        ([14, 1, 1, 1, 14, 1, 1, 0], [3, 0, 0, 0, 3, 3, 3, 3]),
        # The tonic in another octave is not middle C; a rest right after the final tonic is wrong.
        ([2, 14, 1, 1, 26, 0, 0, 16], [0, 0, 0, 0, 0, 0, 3, 0]),
        # N = 4: the beginning and the start of the ending are one step.
        ([14, 1, 1, 0], [3, 3, 3, 3]),
        # N = 3: no start of an ending; step 0 is a beginning, the others lie past N - 3.
        ([1, 1, 0], [0, 3, 3]),
        ([14], [3]),
    ],
)
def test_beginning_and_ending(tokens: list[int], expected: list[float]) -> None:
    assert paid(tokens) == expected


def test_another_key_wants_its_own_tonic() -> None:
    # The tonic of A is A4, MIDI 69, token 23.
    assert paid([23, 1, 1, 1, 14, 1, 1, 1], Key(tonic="A")) == [3, 0, 0, 0, 0, 3, 3, 3]
