"""Piano rolls with what every rule paid at every step; a template draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.writing.pictures import BLACK_KEYS, pitch_name

LEFT, SUM_WIDTH = 94, 54
"""Width of the names at the left and of the sums at the right."""

STEP, PITCH, RULE_HEIGHT = 7.5, 5.0, 16.0
"""Width of a sixteenth, and heights of a semitone and of the row of a rule."""

GAP = 8.0
"""Between the notes and the first rule."""

LEAST_BAR = 1.5
"""Height of the smallest payment, so that it is visible."""

Rectangle = tuple[float, float, float, float]
"""x, y, width, height."""


class Payment(NamedTuple):
    """What one rule paid at one step: upwards if it earned, downwards if it lost."""

    place: Rectangle
    earned: bool
    text: str


class RuleRow(NamedTuple):
    """One rule under the notes: its payments, and their sum over the melody."""

    rule: str
    baseline: float
    payments: Sequence[Payment]
    total: float


@dataclass(frozen=True)
class Roll:
    """One melody ready to draw.

    Attributes:
        notes: (place, name) of each.
        dark_keys: rows of the black keys.
        beats: (x, whether a bar begins there).
        keys: (y, name) of each C.
        rules: one row each.
        left, inner_width: where time begins, and the width of the melody.
        notes_height: of the notes without the rules.
        words: the names of its notes.
    """

    notes: Sequence[tuple[Rectangle, str]]
    dark_keys: Sequence[Rectangle]
    beats: Sequence[tuple[float, bool]]
    keys: Sequence[tuple[float, str]]
    rules: Sequence[RuleRow]
    inner_width: float
    notes_height: float
    height: float
    words: str
    left: float = LEFT

    @property
    def width(self) -> float:
        """Of the drawing."""
        return self.left + self.inner_width + SUM_WIDTH


def draw_roll(
    tokens: Sequence[int],
    paid: Mapping[str, Sequence[float]],
    pitches: tuple[int, int],
    largest: float,
    heard: Heard | None = None,
    step_width: float = STEP,
) -> Roll:
    """The geometry of one melody.

    Args:
        tokens: the melody.
        paid: rule -> its weighted reward at each step.
        pitches: lowest and highest MIDI pitch shown.
        largest: the size of a payment that fills half of a row. Heights are logarithms of 1 + the
            size, so that a rule of 100 and one of 1 are both visible.
        heard: its transposition, key and bars; None: as the tokens say.
        step_width: of a sixteenth.
    """
    heard = heard or Heard()
    lowest, highest = pitches
    inner_width, bottom = len(tokens) * step_width, (highest - lowest + 1) * PITCH

    def row(pitch: int) -> float:
        return (highest - pitch) * PITCH

    def name(pitch: int) -> str:
        return pitch_name(pitch, heard.signature)

    def place(start: int, end: int, pitch: int) -> Rectangle:
        width = (end - start) * step_width - min(1.0, step_width / 4)
        return LEFT + start * step_width + 0.5, row(pitch), round(width, 2), PITCH

    notes = [note._replace(pitch=note.pitch + heard.transpose) for note in decode(tokens)]
    shown = range(lowest, highest + 1)
    return Roll(
        notes=[
            (
                place(n.start, n.end, n.pitch),
                f"{name(n.pitch)}, sixteenths {n.start + 1} to {n.end}",
            )
            for n in notes
        ],
        dark_keys=[
            (LEFT, row(pitch), inner_width, PITCH) for pitch in shown if pitch % 12 in BLACK_KEYS
        ],
        beats=[(LEFT + step * step_width, bar) for step, bar in heard.lines(len(tokens))],
        keys=[(row(pitch) + PITCH / 2, pitch_name(pitch)) for pitch in shown if pitch % 12 == 0],
        rules=[
            _rule_row(rule, own, bottom + GAP + (place + 0.5) * RULE_HEIGHT, largest)
            for place, (rule, own) in enumerate(paid.items())
        ],
        inner_width=inner_width,
        notes_height=bottom,
        height=bottom + GAP + len(paid) * RULE_HEIGHT,
        words=" ".join(name(note.pitch) for note in notes) or "silence",
    )


def shown_pitches(
    melodies: Sequence[Sequence[int]], transpose: Sequence[int] | None = None
) -> tuple[int, int]:
    """Lowest and highest pitch to show: an octave at least, and one semitone more on each side.

    Args:
        melodies: tokens of each.
        transpose: semitones that each is moved by; None: none is.
    """
    moved = transpose or [0] * len(melodies)
    pitches = [
        note.pitch + up
        for melody, up in zip(melodies, moved, strict=True)
        for note in decode(melody)
    ]
    lowest, highest = min(pitches, default=60), max(pitches, default=72)
    return lowest - 1, max(highest, lowest + 12) + 1


def _rule_row(rule: str, paid: Sequence[float], baseline: float, largest: float) -> RuleRow:
    half = RULE_HEIGHT / 2 - 1
    payments = []
    for step, reward in enumerate(paid):
        if reward:
            share = math.log1p(abs(reward)) / math.log1p(largest)
            height = round(max(half * min(share, 1.0), LEAST_BAR), 1)
            top = baseline - height if reward > 0 else baseline
            place = (LEFT + step * STEP + 1, round(top, 1), STEP - 2, height)
            payments.append(Payment(place, reward > 0, f"sixteenth {step + 1}: {reward:+.3g}"))
    return RuleRow(rule.replace("_", " "), baseline, payments, sum(paid))
