from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from sequence_tutor.molecule.scoring.transforms import (
    TRANSFORMS,
    Clip,
    DoubleSigmoid,
    Identity,
    ReverseSigmoid,
    Sigmoid,
    Step,
    Transform,
    TwoSigmoids,
    Window,
    ZScore,
    double_sigmoid,
    sigmoid,
)

X = np.array([-1e6, 1.0, 2.0, 3.0, 1e6])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (Identity(), [-1e6, 1, 2, 3, 1e6]),
        # 1 / (1 + 10^2.5) = .0031523 at low = 1, half way at 2
        (Sigmoid(low=1, high=3), [0, 0.0031523, 0.5, 0.9968477, 1]),
        (ReverseSigmoid(low=1, high=3), [1, 0.9968477, 0.5, 0.0031523, 0]),
        # a width outside of an end 1/11, at the end 1/2, a width inside 10/11, two 100/101
        (DoubleSigmoid(low=2, high=4, width=1), [0, 1 / 11 / 1.001, 0.5 / 1.01, (10 / 11) ** 2, 0]),
        # from the middle, 3, on the other side counts: two of its widths inside 100/101
        (
            TwoSigmoids(low=2, high=4, width=1, width_high=0.5),
            [0, 1 / 11, 0.5, 100 / 101, 0],
        ),
        (Step(threshold=2), [0, 0, 1, 1, 1]),
        (Step(threshold=2, rising=False), [1, 1, 1, 0, 0]),
        (Window(low=1, high=2), [0, 1, 1, 0, 0]),
        (Clip(low=1.5, high=2.5), [1.5, 1.5, 2, 2.5, 2.5]),
        (ZScore(mean=2, deviation=0.5), [-2000004, -2, 0, 2, 1999996]),
    ],
)
def test_numbers_worked_out_by_hand(transform: Transform, expected: list[float]) -> None:
    assert transform(X) == pytest.approx(expected, abs=1e-6)


def test_pure_functions_say_what_settings_do() -> None:
    assert sigmoid(X, 0.0, 4.0, 1.0) == pytest.approx(Sigmoid(low=0, high=4, steepness=1)(X))
    assert double_sigmoid(X, 0.0, 4.0, 0.5) == pytest.approx(
        DoubleSigmoid(low=0, high=4, width=0.5)(X)
    )


def test_a_sigmoid_and_its_reverse_add_up_to_one() -> None:
    pair = (Sigmoid(low=-1, high=5, steepness=0.2), ReverseSigmoid(low=-1, high=5, steepness=0.2))
    assert pair[0](X) + pair[1](X) == pytest.approx(np.ones(5))


def test_every_kind_shows_a_stretch_around_where_it_changes() -> None:
    assert set(TRANSFORMS) == {
        *("identity", "sigmoid", "reverse_sigmoid", "double_sigmoid", "two_sigmoids"),
        *("step", "window", "clip", "z_score"),
    }
    assert Window(low=2, high=4).shown() == (1, 5)
    assert Step(threshold=-8).shown() == (-12, -4)
    assert ZScore(mean=1, deviation=2).shown() == (-5, 7)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Sigmoid, {"low": 2, "high": 2}),
        (Sigmoid, {"low": 1, "high": 2, "steepness": 0}),
        (DoubleSigmoid, {"low": 1, "high": 2}),
        (Window, {"low": 3, "high": 2}),
        (ZScore, {"mean": 0, "deviation": 0}),
        (Clip, {"low": 0, "high": float("inf")}),
    ],
)
def test_what_makes_no_sense_is_refused(
    kind: type[Sigmoid | DoubleSigmoid | Window | ZScore | Clip], given: dict[str, float]
) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate(given)
