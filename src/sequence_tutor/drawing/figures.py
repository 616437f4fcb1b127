"""Figures with Matplotlib: learning curves, and the style of every figure.

Matplotlib is used only through its objects (no pyplot), without global state or a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sequence_tutor.storage.files import replacing

# Okabe and Ito's colours, told apart by readers with any kind of colour vision (yellow left out:
# too pale for a line on white).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LineStyle = Literal["-", "--", ":", "-."]
LINE_STYLES: tuple[LineStyle, ...] = ("-", "--", ":", "-.")  # for more lines than colours
INK = "#333333"
GRID = "#DDDDDD"
_DPI = 150


@dataclass(frozen=True)
class Curve:
    """One line in a panel."""

    label: str  # a label has the same colour in every panel
    steps: Sequence[float]  # (N,)
    values: Sequence[float]  # (N,); NaN leaves a gap
    low: Sequence[float] | None = None  # (N,) ends of a 95 % interval, both or neither
    high: Sequence[float] | None = None

    def __post_init__(self) -> None:
        """Check that everything has the length of `steps`."""
        if (self.low is None) != (self.high is None):
            raise ValueError(f"curve {self.label!r}: low and high must come together")
        for name in ("values", "low", "high"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.steps):
                raise ValueError(
                    f"curve {self.label!r}: {len(given)} {name} for {len(self.steps)} steps"
                )


@dataclass(frozen=True)
class Panel:
    """One quantity against the step, one line a run."""

    title: str
    curves: Sequence[Curve]


def learning_curves(
    panels: Sequence[Panel], path: Path, title: str = "", x_label: str = "step"
) -> None:
    """Draw panels side by side (figure 2 of https://arxiv.org/abs/1611.02796) into a PNG file."""
    if not panels:
        raise ValueError("panels is empty: there is nothing to draw")
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    rows = -(-len(panels) // columns)
    labels = list(dict.fromkeys(curve.label for panel in panels for curve in panel.curves))
    styles = {label: _style(place) for place, label in enumerate(labels)}
    figure = new_figure(4.2 * columns, 3.1 * rows + 0.6, title)
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw_panel(axes, panel, styles)
        if place + columns >= len(panels):  # nothing below it
            axes.set_xlabel(x_label, color=INK)
    if labels and labels != [""]:
        handles = [
            Line2D([], [], color=colour, linestyle=line, linewidth=2)
            for colour, line in styles.values()
        ]
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(len(labels), 6), frameon=False
        )
    save_png(figure, path)


def _style(place: int) -> tuple[str, LineStyle]:
    again, colour = divmod(place, len(PALETTE))
    return PALETTE[colour], LINE_STYLES[again % len(LINE_STYLES)]


def _draw_panel(axes: Axes, panel: Panel, styles: dict[str, tuple[str, LineStyle]]) -> None:
    """Draw the bands, then the lines over them."""
    axes.set_title(panel.title, color=INK, fontsize=11, loc="left")
    axes.grid(color=GRID, linewidth=0.7)
    tidy(axes)
    for curve in panel.curves:
        colour, line = styles[curve.label]
        if curve.low is not None and curve.high is not None:
            axes.fill_between(
                np.asarray(curve.steps),
                curve.low,
                curve.high,
                color=colour,
                alpha=0.18,
                linewidth=0,
            )
        alone = len(curve.steps) == 1  # a line of one point would not be seen
        axes.plot(
            curve.steps,
            curve.values,
            color=colour,
            linestyle=line,
            linewidth=1.8,
            marker="o" if alone else "",
        )
    if _spans_thousands(panel.curves):
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))


def _spans_thousands(curves: Sequence[Curve]) -> bool:
    return max((abs(step) for curve in curves for step in curve.steps), default=0) >= 1000


def new_figure(width: float, height: float, title: str = "") -> Figure:
    """An empty white figure of this size in inches, with automatic layout."""
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor="white")
    if title:
        figure.suptitle(title, color=INK, fontsize=13, fontweight="bold")
    return figure


def tidy(axes: Axes) -> None:
    """Style the axes: no frame above and to the right, grey ticks, the grid below the data."""
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#999999")
    axes.tick_params(color="#999999", labelcolor=INK, labelsize=9)


def save_png(figure: Figure, path: Path) -> None:
    """Write the figure as a PNG file atomically.

    The same file as by `figure.savefig`, which draws everything twice, once for the layout.
    """
    with replacing(path) as beside:
        FigureCanvasAgg(figure).print_png(beside)
