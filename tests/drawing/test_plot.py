from __future__ import annotations

import math

import pytest

from sequence_tutor.drawing.plot import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_TICKS,
    RIGHT,
    TOP,
    WIDTH,
    Plot,
    Series,
    plot,
    tick_text,
    ticks,
)


def drawn(*series: Series, dots: bool = False) -> Plot:
    found = plot("reward", "updates", series, dots=dots)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.5, 1]),
        (0, 4, [0, 1, 2, 3, 4]),
        (0, 8000, [0, 2000, 4000, 6000, 8000]),
        (-0.07, 0.07, [-0.05, 0, 0.05]),
        (-1000, 500, [-1000, -500, 0, 500]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("high", [1e-9, 0.013, 0.99, 1.0, 3.7, 49, 51, 1e12])
def test_there_are_two_to_five_ticks(high: float) -> None:
    assert 2 <= len(ticks(0, high)) <= MOST_TICKS


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *[(0, "0"), (0.25, "0.25"), (-2000, "\u22122k"), (1.5e6, "1.5M")],
        *[(2e-5, "0.00002"), (-4e-5, "\u22120.00004")],
    ],
)
def test_ticks_are_short(number: float, text: str) -> None:
    assert tick_text(number) == text


def test_points_stand_where_the_axes_say() -> None:
    chart = drawn(Series("psi", 1, [0, 50, 100], [0, 1, 4]))
    # the axes go from 0 to 100 and from 0 to 4, y downwards
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    middle, quarter = (left + right) / 2, bottom - (bottom - top) / 4
    (path,) = chart.lines[0].paths
    assert path == f"{left:g},{bottom:g} {middle:g},{quarter:g} {right:g},{top:g}"
    assert chart.x_ticks[0] == (left, "0")
    assert chart.x_ticks[-1] == (right, "100")
    assert chart.y_ticks[0] == (bottom, "0")
    assert chart.y_ticks[-1] == (top, "4")
    assert chart.summary == "reward: psi from 0 to 4"


def test_what_is_missing_leaves_a_gap() -> None:
    chart = drawn(Series("psi", 1, [0, 1, 2, 3], [1, math.nan, 2, 3]))
    assert [path.count(",") for path in chart.lines[0].paths] == [1, 2]


def test_a_single_point_is_a_dot_with_its_interval() -> None:
    chart = drawn(Series("psi", 1, [2.0], [5.0], [4.0], [6.0]))
    ((x, y, text),) = chart.lines[0].dots
    ((at, high, low),) = chart.lines[0].whiskers
    assert at == x
    assert high < y < low  # downwards
    assert text == "psi: 5 at 2"


def test_lines_have_dots_only_where_asked_for() -> None:
    series = Series("psi", 1, [0, 1], [0, 1])
    assert not drawn(series).lines[0].dots
    assert len(drawn(series, dots=True).lines[0].dots) == 2


def test_equal_numbers_have_room_around_them() -> None:
    chart = drawn(Series("psi", 1, [0, 1], [3, 3]))
    (path,) = chart.lines[0].paths
    height = float(path.split()[0].split(",")[1])
    assert TOP < height < HEIGHT - BOTTOM


def test_nothing_to_draw() -> None:
    assert plot("reward", "updates", [Series("psi", 1, [0.0], [math.nan])]) is None
    assert plot("reward", "updates", []) is None
