from __future__ import annotations

import numpy as np
import pytest

from sequence_tutor.melody.reading.keys import EstimatedKey, estimate_key

MAJOR_SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])
HARMONIC_MINOR = np.array([0, 2, 3, 5, 7, 8, 11, 12])


@pytest.mark.parametrize("tonic", range(12))
def test_scales_are_recognised_in_every_key(tonic: int) -> None:
    even = np.ones(8)
    assert estimate_key(60 + tonic + MAJOR_SCALE, even) == EstimatedKey(tonic, minor=False)
    assert estimate_key(48 + tonic + HARMONIC_MINOR, even) == EstimatedKey(tonic, minor=True)


@pytest.mark.parametrize(
    ("key", "semitones"),
    [
        (EstimatedKey(0, minor=False), 0),
        (EstimatedKey(7, minor=False), 5),
        (EstimatedKey(5, minor=False), -5),
        (EstimatedKey(6, minor=False), 6),
        (EstimatedKey(9, minor=True), 0),
        (EstimatedKey(4, minor=True), 5),
    ],
)
def test_transposition_takes_the_short_way_home(key: EstimatedKey, semitones: int) -> None:
    assert key.transposition == semitones
