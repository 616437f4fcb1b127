"""Plots of transforms: the score over the raw number of a term."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sequence_tutor.drawing.figures import GRID, INK, PALETTE, new_figure, save_png, tidy
from sequence_tutor.molecule.terms import Term

POINTS = 1001


def draw_transform(name: str, term: Term, path: Path) -> None:
    """Plot a term's transform around the range where it changes, as a PNG file."""
    raw = np.linspace(*term.transform.shown(), POINTS)
    figure = new_figure(5.0, 3.2, name)
    axes = figure.add_subplot()
    axes.grid(color=GRID, linewidth=0.7)
    tidy(axes)
    axes.plot(raw, term.transform(raw), color=PALETTE[0], linewidth=1.8)
    axes.set_xlabel(f"raw number ({term.unit})", color=INK)
    axes.set_ylabel(term.transform.kind.replace("_", " "), color=INK)
    save_png(figure, path)
