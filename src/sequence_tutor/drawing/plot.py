"""The geometry of small line charts, which a template draws as SVG.

Coordinates are in units of the drawing, y downwards, with the origin at the top left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 10, 24
"""Margins between the drawing and its axes."""

MOST_TICKS = 5


@dataclass(frozen=True)
class Series:
    """The numbers of one model."""

    label: str  # its name
    style: int  # its place in the list of models; the same in every chart
    x: Sequence[float]  # (N,); values that are not finite leave a gap
    y: Sequence[float]
    low: Sequence[float] = ()  # ends of the intervals of y, or empty
    high: Sequence[float] = ()


@dataclass(frozen=True)
class DrawnLine:
    """A series as it is drawn."""

    label: str  # of the series
    style: int
    paths: Sequence[str]  # `x,y x,y ...` of each unbroken part
    dots: Sequence[tuple[float, float, str]]  # (x, y, tooltip)
    whiskers: Sequence[tuple[float, float, float]]  # (x, top, bottom) of each interval


@dataclass(frozen=True)
class Plot:
    """A chart ready to draw."""

    title: str  # label of the y axis; `x_label` of the x axis
    x_label: str
    lines: Sequence[DrawnLine]  # one a series
    x_ticks: Sequence[tuple[float, str]]  # (coordinate, text)
    y_ticks: Sequence[tuple[float, str]]
    frame: tuple[float, float, float, float]  # left, top, right, bottom of the axes
    summary: str  # description in words
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Scale:
    """A linear map from numbers to coordinates."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        """The coordinate of a number, to a tenth of a unit."""
        share = (number - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def plot(
    title: str,
    x_label: str,
    series: Sequence[Series],
    *,
    dots: bool = False,
    summary: str | None = None,
) -> Plot | None:
    """A chart of some series; None if no point is finite.

    `title` is the label of the y axis. With `dots`, points are marked. `summary` describes the
    chart in words; by default it says where each line begins and ends.
    """
    points = [point for one in series for point in _finite(one)]
    if not points:
        return None
    across = _round_range([x for x, _ in points])
    up = _round_range([*(y for _, y in points), *_ends(series)])
    x = Scale(*across, LEFT, WIDTH - RIGHT)
    y = Scale(*up, HEIGHT - BOTTOM, TOP)
    return Plot(
        title,
        x_label,
        [_line(one, x, y, dots=dots) for one in series],
        [(x(tick), tick_text(tick)) for tick in ticks(*across)],
        [(y(tick), tick_text(tick)) for tick in ticks(*up)],
        (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        _summary(title, series) if summary is None else summary,
    )


def ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, at most `MOST_TICKS`."""
    rough = (high - low) / (MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10, 20) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) + 0.0 for place in range(first, last + 1)]


def tick_text(number: float) -> str:
    """A short text: 2k, 1.5M, 0.25."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return _with_minus(f"{number / size:g}{letter}")
    text = f"{number:g}"
    if 1e-7 < abs(number) < 1e-3:  # :g would write 2e-05, which is longer to read
        text = f"{number:.12f}".rstrip("0")
    return _with_minus(text)


def _with_minus(text: str) -> str:
    """With a true minus sign instead of the hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def _round_range(numbers: Iterable[float]) -> tuple[float, float]:
    """From a tick at or below the lowest to one at or above the highest."""
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = min(finite), max(finite)
    if low == high:
        reach = abs(low) / 2 or 1.0
        low, high = low - reach, high + reach
    marks = ticks(low, high)
    step = marks[1] - marks[0] if len(marks) > 1 else high - low
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _finite(series: Series) -> Iterator[tuple[float, float]]:
    for x, y in zip(series.x, series.y, strict=True):
        if math.isfinite(x) and math.isfinite(y):
            yield x, y


def _ends(series: Sequence[Series]) -> Iterator[float]:
    for one in series:
        yield from (end for end in (*one.low, *one.high) if math.isfinite(end))


def _line(series: Series, x: Scale, y: Scale, *, dots: bool) -> DrawnLine:
    pairs = list(zip(series.x, series.y, strict=True))
    parts = groupby(pairs, key=lambda pair: math.isfinite(pair[0]) and math.isfinite(pair[1]))
    paths = [" ".join(f"{x(a):g},{y(b):g}" for a, b in part) for whole, part in parts if whole]
    marks = [(x(a), y(b), f"{series.label}: {b:.4g} at {a:,g}") for a, b in _finite(series)]
    bounds = zip(series.x, series.low, series.high, strict=False)
    whiskers = [(x(at), y(high), y(low)) for at, low, high in bounds if math.isfinite(high - low)]
    alone = len(marks) == 1  # a line of one point would not be seen
    return DrawnLine(series.label, series.style, paths, marks if dots or alone else [], whiskers)


def _summary(title: str, series: Sequence[Series]) -> str:
    """A description for readers who do not see the chart."""
    said = []
    for one in series:
        points = list(_finite(one))
        if len(points) > 1:
            said.append(f"{one.label} from {points[0][1]:.3g} to {points[-1][1]:.3g}")
        elif points:
            said.append(f"{one.label} {points[0][1]:.3g}")
    return f"{title}: {'; '.join(said)}"
