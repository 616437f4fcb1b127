"""Melodies as pictures: piano rolls, and next-token probabilities along one melody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from sequence_tutor.drawing.figures import (
    INK,
    PALETTE,
    PanelSize,
    new_figure,
    panel_grid,
    save_png,
    tidy,
)
from sequence_tutor.melody.encoding import (
    FIRST_NOTE,
    HOLD,
    NOTE_OFF,
    PITCH_OFFSET,
    STEPS_PER_QUARTER,
    VOCAB_SIZE,
    Note,
    decode,
)
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.signature import Signature

BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
LABELLED = frozenset({0, 4, 7})  # C, E and G: near enough to read any pitch, far enough to fit
LEAST_PROBABILITY = 1e-4  # the dark end of the heat map
_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_SIGNS = {-2: "𝄫", -1: "♭", 0: "", 1: "♯", 2: "𝄪"}


def pitch_name(pitch: int, signature: Signature | None = None) -> str:
    """The name of a MIDI pitch, such as C4 for 60, spelled for a key or else with sharps."""
    if signature is None:
        return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
    letter, alteration, octave = signature.spell(pitch)
    return f"{letter}{_SIGNS[alteration]}{octave}"


def token_name(token: int) -> str:
    """What a token does: `off`, `hold`, or the name of the note it starts."""
    if token < FIRST_NOTE:
        return {NOTE_OFF: "off", HOLD: "hold"}[token]
    return pitch_name(token + PITCH_OFFSET)


def piano_rolls(
    melodies: Sequence[Sequence[int]],
    path: Path,
    title: str = "",
    names: Sequence[str] | None = None,
    heard: Heard | None = None,
) -> None:
    """Draw melodies as piano rolls, a small panel each, into one PNG file, written atomically.

    Time runs to the right with a line at every beat and a heavier one at every bar; pitch runs
    upwards on the same scale in all panels, with rows of black keys shaded.

    Args:
        melodies: tokens of each; lengths may differ.
        path: the PNG file.
        title: above all panels.
        names: one for each melody, by default `melody 1` and so on.
        heard: their transposition and bars; None: as the tokens say.

    Raises:
        ValueError: if there is nothing to draw, or not one name a melody.
    """
    if not any(melodies):
        raise ValueError("melodies is empty: there is nothing to draw")
    if names is None:
        names = [f"melody {place + 1}" for place in range(len(melodies))]
    if len(names) != len(melodies):
        raise ValueError(f"{len(names)} names were given for {len(melodies)} melodies")
    heard = heard or Heard()
    notes = [
        [note._replace(pitch=note.pitch + heard.transpose) for note in decode(melody)]
        for melody in melodies
    ]
    lowest, highest = _pitch_range([note.pitch for melody in notes for note in melody])
    steps = max(len(melody) for melody in melodies)
    columns = min(len(melodies), max(1, 128 // steps), 4)
    width, height = min(0.09 * steps, 15.2) + 0.3, 0.065 * (highest - lowest + 1) + 0.1
    size = PanelSize(width, height, left=0.32, right=0.08, above=0.25, below=0.2)
    figure, grid = panel_grid(len(melodies), columns, size, title)
    for place, (axes, name, melody) in enumerate(zip(grid, names, notes, strict=True)):
        axes.set_title(name, color=INK, fontsize=9, loc="left", pad=3)
        _draw_keyboard(axes, steps, lowest, highest, heard)
        _draw_notes(axes, melody)
        beyond = (len(melodies[place]), steps)  # a shorter melody than the longest
        axes.axvspan(*beyond, color="#E6E6E6", linewidth=0, zorder=2)
        axes.tick_params(labelleft=place % columns == 0, labelsize=8, length=0)
    save_png(figure, path)


def _pitch_range(pitches: Sequence[int]) -> tuple[int, int]:
    """The lowest and highest row: an octave at least, and one row more on each side."""
    lowest, highest = min(pitches, default=60), max(pitches, default=60)
    missing = max(12 - (highest - lowest), 0)
    return lowest - 1 - missing // 2, highest + 1 + (missing + 1) // 2


def _draw_keyboard(axes: Axes, steps: int, lowest: int, highest: int, heard: Heard) -> None:
    """Draw rows for the keys, and lines for the beats and the bars."""
    tidy(axes)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlim(0, steps)
    axes.set_ylim(lowest - 0.5, highest + 0.5)
    pitches = range(lowest, highest + 1)
    black = [Rectangle((0, pitch - 0.5), steps, 1) for pitch in pitches if pitch % 12 in BLACK_KEYS]
    axes.add_collection(PatchCollection(black, facecolor="#F2F2F2", linewidth=0, zorder=0))
    lines = list(heard.lines(steps))
    axes.vlines(
        [step for step, _ in lines],
        lowest - 0.5,
        highest + 0.5,
        colors=["#888888" if bar else "#D5D5D5" for _, bar in lines],
        linewidths=[1 if bar else 0.6 for _, bar in lines],
    )
    labelled = [pitch for pitch in pitches if pitch % 12 in LABELLED]
    axes.set_yticks(labelled, [pitch_name(pitch) for pitch in labelled])
    starts = list(enumerate(range(heard.upbeat, steps, heard.meter.steps), start=1))
    shown = starts[:: 1 if len(starts) <= 8 else 4]
    axes.set_xticks([step for _, step in shown], [str(bar) for bar, _ in shown], ha="left")


def _draw_notes(axes: Axes, notes: Sequence[Note]) -> None:
    """Draw a bar for each note, as long as it is held, its first sixteenth darker."""
    for edge, colour in (("end", PALETTE[5]), ("start", PALETTE[0])):
        boxes = [
            FancyBboxPatch(
                (note.start + 0.08, note.pitch - 0.4),
                (note.end - note.start if edge == "end" else 1) - 0.16,
                0.8,
                boxstyle="round,pad=0,rounding_size=0.25",
            )
            for note in notes
        ]
        axes.add_collection(PatchCollection(boxes, facecolor=colour, linewidth=0, zorder=3))


def next_token_probabilities(
    tokens: Sequence[int],
    log_probs: Mapping[str, NDArray[np.floating]],
    path: Path,
    title: str = "",
    meter: Meter = COMMON,
) -> None:
    """Draw each model's next-token probabilities along one melody into a PNG file.

    This is figure 4 of Jaques et al. (https://arxiv.org/abs/1611.02796): one heat map a model,
    time to the right, the 38 tokens upwards, the melody's own tokens marked with dots.

    Args:
        tokens: the melody, T tokens.
        log_probs: name of each model -> (T, V) natural logarithms; row t is the distribution of
            token t given the tokens before it.
        path: the PNG file, written atomically.
        title: above all maps.
        meter: of the bars.

    Raises:
        ValueError: if there is no model or an array is not (T, V).
    """
    steps = len(tokens)
    for name, array in log_probs.items():
        if np.shape(array) != (steps, VOCAB_SIZE):
            raise ValueError(
                f"log_probs[{name!r}] must be ({steps}, {VOCAB_SIZE}), got {np.shape(array)}"
            )
    if not log_probs or not steps:
        raise ValueError("log_probs and tokens must not be empty: there is nothing to draw")
    columns = min(len(log_probs), max(1, 96 // steps))
    rows = -(-len(log_probs) // columns)
    width = min(0.13 * steps + 0.4, 16)
    figure = new_figure(width * columns + 1.2, 5.6 * rows + 0.5 * bool(title), title)
    panels = figure.subplots(rows, columns, squeeze=False).flat
    for place, (axes, (name, array)) in enumerate(zip(panels, log_probs.items(), strict=False)):
        axes.set_title(name, color=INK, fontsize=11, loc="left")
        image = _draw_map(axes, tokens, np.exp(array), meter)
        axes.tick_params(labelleft=place % columns == 0)
    for axes in list(panels)[len(log_probs) :]:
        axes.remove()
    bar = figure.colorbar(image, ax=figure.axes, extend="min", aspect=40, pad=0.01)
    bar.set_label("probability of the next token", color=INK)
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.outline.set_visible(False)
    save_png(figure, path)


def _draw_map(
    axes: Axes, tokens: Sequence[int], probs: NDArray[np.floating], meter: Meter
) -> AxesImage:
    """Draw one heat map of probabilities (T, V) and the melody's tokens."""
    steps, vocab = probs.shape
    image = axes.imshow(
        np.maximum(probs, LEAST_PROBABILITY).T,  # (V, T)
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="magma",
        norm=LogNorm(LEAST_PROBABILITY, 1),
    )
    # White dots with a black edge are visible on dark squares and on light ones.
    axes.scatter(range(steps), tokens, s=16, c="white", edgecolors="black", linewidths=0.9)
    for step in range(meter.steps, steps, meter.steps):
        axes.axvline(step - 0.5, color="white", linewidth=0.8, alpha=0.7)
    axes.axhline(FIRST_NOTE - 0.5, color="white", linewidth=0.8, alpha=0.7)
    tidy(axes)
    named = [
        token
        for token in range(vocab)
        if token < FIRST_NOTE or (token + PITCH_OFFSET) % 12 not in BLACK_KEYS
    ]
    axes.set_yticks(named, [token_name(token) for token in named], fontsize=8)
    axes.set_xticks(range(0, steps, STEPS_PER_QUARTER if steps <= 64 else meter.steps))
    axes.set_xlabel("sixteenth", color=INK)
    return image
