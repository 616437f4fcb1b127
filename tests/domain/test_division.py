"""Sides by content alone, and none of them empty by bad luck."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION, divide


def places_of(*pieces: object) -> NDArray[np.float64]:
    digests = (hashlib.sha256(repr(piece).encode()).digest() for piece in pieces)
    return np.array([int.from_bytes(digest[:8], "big") / 2**64 for digest in digests])


def plain(place: float, validation: float, test: float) -> int:
    """The rule for one piece alone."""
    if place < validation:
        return VALIDATION
    return TEST if place < validation + test else TRAIN


def test_where_no_side_is_empty_a_piece_asks_for_no_other() -> None:
    places = places_of(*range(500), *range(100))
    sides = divide(places, 0.1, 0.05)
    assert sides.tolist() == [plain(place, 0.1, 0.05) for place in places]
    assert set(sides.tolist()) == {TRAIN, VALIDATION, TEST}


@pytest.mark.parametrize("count", range(3, 30))
@pytest.mark.parametrize("shares", [(0.02, 0.02), (0.1, 0.1), (0.49, 0.49), (0.0, 0.02), (0.1, 0)])
def test_no_side_that_has_a_share_is_empty(count: int, shares: tuple[float, float]) -> None:
    for seed in range(20):
        pieces = [(seed, number % count) for number in range(2 * count)]  # each comes twice
        sides = divide(places_of(*pieces), *shares)
        there = {TRAIN, *(VALIDATION,) * (shares[0] > 0), *(TEST,) * (shares[1] > 0)}
        assert set(sides.tolist()) == there
        assert sides[:count].tolist() == sides[count:].tolist()
        turned = divide(places_of(*reversed(pieces)), *shares)
        assert turned.tolist() == sides[::-1].tolist()


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0.5, 0.7, 0.9], [VALIDATION, TEST, TRAIN]),
        ([0.9, 0.01, 0.02], [TRAIN, VALIDATION, TEST]),  # no test: the higher one moves up
        ([0.15, 0.12, 0.9], [TEST, VALIDATION, TRAIN]),  # no validation: the lower one moves down
        ([0.12, 0.15, 0.01], [TEST, TRAIN, VALIDATION]),  # nothing to learn: the highest
        ([0.5, 0.9], [TRAIN, TRAIN]),  # too few for three sides
        ([], []),
    ],
)
def test_the_nearest_pieces_move(places: list[float], expected: list[int]) -> None:
    assert divide(np.array(places), 0.1, 0.1).tolist() == expected
