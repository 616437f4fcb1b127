from __future__ import annotations

import pytest

from sequence_tutor.melody.rules import UniqueExtrema
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([14, 16, 18], 6),
        ([14, 16, 14, 16], 0),
        ([14, 16, 14, 18], 3),
        ([14, 16, 18, 18], 3),
        # Rests and holds are not the lowest note.
        ([0, 14, 1, 16, 0], 6),
        # One note is both the highest and the lowest.
        ([14, 0, 1, 1], 6),
        # Without notes there is no lowest one, yet a single hold is the largest token.
        ([0, 0, 1], 3),
        ([0, 0], 0),
        ([0], 3),
    ],
)
def test_paid_at_the_last_step(tokens: list[int], expected: float) -> None:
    melodies = Melodies(SequenceBatch.from_lists([tokens]))
    assert UniqueExtrema()(melodies).tolist() == [[0] * (len(tokens) - 1) + [expected]]


def test_each_melody_has_its_own_end_and_its_padding_counts_for_nothing() -> None:
    melodies = Melodies(SequenceBatch.from_lists([[14, 16], [0], [14, 14, 2]]))
    assert UniqueExtrema(highest=1.0, lowest=2.0)(melodies).tolist() == [
        [0, 3, 0], [1, 0, 0], [0, 0, 2]
    ]  # fmt: skip
