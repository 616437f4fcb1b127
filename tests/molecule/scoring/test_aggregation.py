from __future__ import annotations

import numpy as np
import pytest

from sequence_tutor.molecule.scoring.aggregation import Aggregation, aggregate

SCORES = np.array([[0.5, 0.25], [1.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("sum", [1.0 * 0.5 + 3 * 0.25, 1, 4]),
        ("arithmetic", [1.25 / 4, 0.25, 1]),
        ("geometric", [(0.5 * 0.25**3) ** 0.25, 0, 1]),
        ("product", [0.5 * 0.25**3, 0, 1]),
    ],
)
def test_numbers_worked_out_by_hand(kind: Aggregation, expected: list[float]) -> None:
    assert aggregate(kind, SCORES, np.array([1.0, 3.0])) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
def test_means_do_not_depend_on_the_scale_of_weights(kind: Aggregation) -> None:
    weights = np.array([1.0, 3.0])
    assert aggregate(kind, SCORES, 10 * weights) == pytest.approx(aggregate(kind, SCORES, weights))


def test_a_sum_takes_anything() -> None:
    assert aggregate("sum", -SCORES, np.array([-1.0, 2.0])) == pytest.approx([0.0, 1.0, -1.0])


def test_powers_of_what_is_negative_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        aggregate("geometric", -SCORES, np.ones(2))
    with pytest.raises(ValueError, match="from 0 on"):
        aggregate("product", SCORES, np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match=r"must be \(B, K\)"):
        aggregate("sum", SCORES, np.ones(3))
