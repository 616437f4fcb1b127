"""The first front, by hand and against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sequence_tutor.molecule.scoring.front import first_front, on_front


def test_by_hand() -> None:
    values = np.array([[1, 5], [2, 4], [2, 3], [3, 1], [3, 1], [0, 0], [4, math.nan]])
    # (2, 3) is below (2, 4); the two of (3, 1) are equal; what has no number is not compared
    assert first_front(values).tolist() == [True, True, False, True, True, False, False]


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_no_row_of_the_front_is_dominated_and_every_other_one_is(columns: int) -> None:
    values = np.random.default_rng(columns).integers(0, 6, (300, columns)) / 10
    better = (values[:, None] >= values).all(2) & (values[:, None] > values).any(2)
    assert first_front(values).tolist() == (~better.any(axis=0)).tolist()


def test_sums_that_rounding_makes_equal() -> None:
    values = np.array([[1e16, 0.5], [1e16, 1.0]])
    assert values.sum(1).tolist()[0] == values.sum(1).tolist()[1]
    assert first_front(values).tolist() == [False, True]


def test_what_is_wanted_less() -> None:
    columns = {"qed": [0.5, 0.6, 0.4], "dock": [-9.0, -8.0, -7.0]}
    assert on_front(columns, {"qed": 1.0, "dock": -1.0}, 3) == [True, True, False]
    assert on_front(columns, {"dock": 1.0}, 3) == [False, False, True]
    assert on_front(columns, {}, 3) == [False, False, False]
    assert on_front({"qed": []}, {"qed": 1.0}, 0) == []
    with pytest.raises(ValueError, match="expected \\(N, K\\)"):
        first_front(np.zeros(3))
