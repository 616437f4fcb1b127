from __future__ import annotations

import numpy as np
import pytest
import torch

from sequence_tutor.melody.rules import Autocorrelation
from sequence_tutor.melody.rules.repetition import correlations
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


def melodies_of(tokens: list[int]) -> Melodies:
    return Melodies(SequenceBatch.from_lists([tokens]))


def test_hand_worked() -> None:
    # [0, 2]: mean 1, var 1, lag 1: (-1)(1) / 2 / 1 = -.5; lags 2 and 3 have no pairs: -3 * .5.
    # [0, 2, 4]: mean 2, var 8/3, lag 1: (-2)(0) + (0)(2) = 0; lag 2: (-2)(2) / 3 / (8/3) = -.5.
    # [0, 2, 4, 2]: mean 2, var 2; lag 1: 0; lag 2: (-2)(2) + 0 = -4 / 4 / 2 = -.5; lag 3: 0.
    expected = [[0, -1.5, -1.5, -1.5]]
    assert Autocorrelation()(melodies_of([0, 2, 4, 2])).tolist() == expected


def test_a_constant_melody_has_no_correlation_and_costs_nothing() -> None:
    melodies = melodies_of([5] * 6)
    assert correlations(melodies, (1,))[0].isnan().all()
    assert Autocorrelation()(melodies).tolist() == [[0] * 6]


def test_exactly_at_the_threshold_is_free() -> None:
    # [2, 2, 2, 2, 14]: deviations (-2.4 x 4, 9.6) = 2.4 (-1, -1, -1, -1, 4); sum of squares 20.
    # lag 1: 3 - 4 = -1 -> -.05; lag 2: 2 - 4 = -2 -> -.1; lag 3: 1 - 4 = -3 -> -.15 exactly.
    assert correlations(melodies_of([2, 2, 2, 2, 14]), (3,))[0][0, 4] == -0.15
    assert Autocorrelation()(melodies_of([2, 2, 2, 2, 14]))[0, 4] == 0
    assert Autocorrelation(threshold=0.149)(melodies_of([2, 2, 2, 2, 14]))[0, 4] == pytest.approx(
        -0.45
    )


@pytest.mark.parametrize("steps", [1, 2, 32, 512])
def test_agrees_with_the_definition(steps: int) -> None:
    generator = torch.Generator().manual_seed(steps)
    tokens = torch.randint(0, 38, (3, steps), generator=generator)
    ours = correlations(Melodies(SequenceBatch.full(tokens)), (1, 3, 7))
    for lag, r in zip((1, 3, 7), ours, strict=True):
        for row, so_far in [(0, steps), (1, (steps + 1) // 2), (2, steps)]:
            c = tokens[row, :so_far].numpy().astype(float)
            deviation = c - c.mean()
            pairs = (deviation[: max(so_far - lag, 0)] * deviation[lag:]).sum()
            with np.errstate(invalid="ignore"):
                expected = pairs / so_far / c.var()
            np.testing.assert_allclose(r[row, so_far - 1], expected, rtol=1e-12, atol=1e-13)


def test_the_constants_are_parameters() -> None:
    rule = Autocorrelation(amount=-1.0, lags=(2,))
    assert rule(melodies_of([0, 2, 4])).tolist() == [[0, 0, -0.5]]
