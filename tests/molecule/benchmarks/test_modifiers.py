import math

import pytest

from sequence_tutor.molecule.benchmarks.components import (
    AtLeast,
    AtMost,
    Gaussian,
    Modifier,
    Thresholded,
    unchanged,
)

ONE_SIGMA = math.exp(-0.5)


@pytest.mark.parametrize(
    ("modifier", "value", "score"),
    [
        (unchanged, 0.3, 0.3),
        (Gaussian(2, 0.5), 2.0, 1.0),
        (Gaussian(2, 0.5), 1.5, ONE_SIGMA),
        (Gaussian(2, 0.5), 2.5, ONE_SIGMA),
        (AtMost(4, 1), -3.0, 1.0),
        (AtMost(4, 1), 5.0, ONE_SIGMA),
        (AtLeast(90, 10), 200.0, 1.0),
        (AtLeast(90, 10), 80.0, ONE_SIGMA),
        (Thresholded(0.8), 0.4, 0.5),
        (Thresholded(0.8), 0.9, 1.0),
    ],
)
def test_values_worked_out_by_hand(modifier: Modifier, value: float, score: float) -> None:
    assert modifier(value) == pytest.approx(score, abs=1e-15)
