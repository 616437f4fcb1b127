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

_LEGEND_COLUMNS = 6
_LEGEND_MARK, _LEGEND_LETTER = 0.75, 0.085  # inches of a line with the gaps, and of a letter


@dataclass(frozen=True)
class PanelSize:
    """The axes of a panel in inches, and the margins around them for its title and labels."""

    width: float
    height: float
    left: float
    right: float
    above: float
    below: float


CURVES = PanelSize(width=3.4, height=2.4, left=0.7, right=0.2, above=0.4, below=0.3)
"""A panel of learning curves."""


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
    labels = list(dict.fromkeys(curve.label for panel in panels for curve in panel.curves))
    styles = {label: _style(place) for place, label in enumerate(labels)}
    lines = {one.label for panel in panels for one in panel.curves if len(one.steps) > 1}
    in_legend = labels if labels != [""] else []
    legend_columns = _legend_columns(in_legend, columns)
    legend_rows = -(-len(in_legend) // legend_columns)
    below = 0.25 + 0.25 * legend_rows  # inches, for the label of x and the legend
    figure, grid = panel_grid(len(panels), columns, CURVES, title, below=below)
    for place, (axes, panel) in enumerate(zip(grid, panels, strict=True)):
        _draw_panel(axes, panel, styles)
        if place + columns >= len(panels):  # nothing below it
            axes.set_xlabel(x_label, color=INK)
    if in_legend:
        handles = [
            Line2D([], [], color=colour, linestyle=line, linewidth=2)
            if label in lines
            else Line2D([], [], color=colour, linestyle="", marker="o")
            for label, (colour, line) in styles.items()
        ]
        figure.legend(handles, labels, loc="lower center", ncols=legend_columns, frameon=False)
    save_png(figure, path)


def _legend_columns(labels: Sequence[str], panels: int) -> int:
    """As many labels side by side as fit below so many panels."""
    width = panels * (CURVES.left + CURVES.width + CURVES.right)
    longest = max((len(label) for label in labels), default=0)
    fitting = int(width / (_LEGEND_MARK + _LEGEND_LETTER * longest))
    return max(1, min(len(labels), _LEGEND_COLUMNS, fitting))


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


def new_figure(width: float, height: float, title: str = "", *, automatic: bool = True) -> Figure:
    """An empty white figure of this size in inches, with automatic layout or none."""
    layout: Literal["constrained"] | None = "constrained" if automatic else None
    figure = Figure(figsize=(width, height), dpi=_DPI, layout=layout, facecolor="white")
    if title:
        figure.suptitle(title, color=INK, fontsize=13, fontweight="bold")
    return figure


def panel_grid(
    count: int, columns: int, size: PanelSize, title: str = "", *, below: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A figure with the axes of equal panels, row by row.

    Everything has a fixed place: automatic layout takes as long as the drawing itself.

    Args:
        count: panels.
        columns: panels side by side.
        size: of each.
        title: above them all.
        below: inches below them all, such as for a legend.
    """
    rows = -(-count // columns)
    across = size.left + size.width + size.right
    down = size.above + size.height + size.below
    width, height = columns * across, below + rows * down + (0.3 if title else 0.0)
    figure = new_figure(width, height, title, automatic=False)
    grid = []
    for place in range(count):
        row, column = divmod(place, columns)
        left = column * across + size.left
        bottom = below + (rows - 1 - row) * down + size.below
        box = (left / width, bottom / height, size.width / width, size.height / height)
        grid.append(figure.add_axes(box))
    return figure, grid


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
