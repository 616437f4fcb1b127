"""The picture of reward against divergence, with c beside the tuned points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from sequence_tutor.drawing.figures import GRID, INK, PALETTE, new_figure, save_png, tidy
from sequence_tutor.workbench.frontier import Point

CROWDED = (40, 15)  # pixels across and up between two points whose names would overlap


def draw_frontier(path: Path, points: Sequence[Point], title: str) -> None:
    """Draw reward against divergence into a PNG file."""
    figure = new_figure(7.2, 5.0, title)
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_xlabel("KL to the prior, nats a token", color=INK)
    axes.set_ylabel("reward a sequence", color=INK)
    _line(axes, points, "exact", "exact optimum", PALETTE[6], "-", "")
    _line(axes, points, "best-of-n", "best of n (KL: its bound)", PALETTE[4], "--", ".")
    _line(axes, points, "tuned", "tuned", PALETTE[0], "", "o")
    _line(axes, points, "prior", "prior", INK, "", "s")
    _line(axes, points, "rl-only", "RL only", PALETTE[1], "", "X")
    _name_temperatures(axes, points)
    # below the axes: inside, its marks would be taken for points
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    save_png(figure, path)


def _name_temperatures(axes: Axes, points: Sequence[Point]) -> None:
    """Write c beside the tuned points of the first seed, above and below where two crowd."""
    first = min((p.seed for p in points if p.seed is not None), default=None)
    axes.autoscale_view()  # the limits by which pixels are known
    before: tuple[float, ...] = (math.inf, math.inf)
    above = False
    for point in points:
        if point.kind != "tuned" or point.seed != first:
            continue
        place = (point.kl_to_prior_per_token, point.reward_per_sequence)
        here = tuple(axes.transData.transform(place))  # in pixels
        crowded = all(abs(a - b) < most for a, b, most in zip(here, before, CROWDED, strict=True))
        above = crowded and not above
        axes.annotate(
            f"c={point.c:g}",
            place,
            (6, 4 if above else -9),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
        before = here


def _line(
    axes: Axes, points: Sequence[Point], kind: str, label: str, colour: str, line: str, marker: str
) -> None:
    """One kind of point, joined by a line where it has a style."""
    own = [point for point in points if point.kind == kind]
    if own:
        x = [point.kl_to_prior_per_token for point in own]
        y = [point.reward_per_sequence for point in own]
        axes.plot(x, y, color=colour, linestyle=line, marker=marker, markersize=5, label=label)
