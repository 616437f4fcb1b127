"""Piano rolls with what every rule paid at every step; a template draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.writing.pictures import pitch_name

LEFT, SUM_WIDTH = 94, 54
"""Room for the names at the left and the sums at the right."""

STEP, PITCH, RULE_HEIGHT = 7.5, 5.0, 16.0
"""Units of the drawing of a sixteenth, a semitone, and the row of a rule."""

GAP = 8.0
"""Between the notes and the first rule."""

LEAST_BAR = 1.5
"""Height of the smallest payment, so that it is seen."""

_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})

AS_TOKENS = Heard()

Rectangle = tuple[float, float, float, float]
"""x, y, width, height."""


@dataclass(frozen=True)
class Payment:
    """What one rule paid at one step: upwards if it earned, downwards if it lost."""

    place: Rectangle
    earned: bool
    text: str


@dataclass(frozen=True)
class RuleRow:
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
        left, inner_width: where time begins, and how wide all of it is.
        roll_bottom: where the notes end.
        words: the melody, note by note.
    """

    notes: Sequence[tuple[Rectangle, str]]
    dark_keys: Sequence[Rectangle]
    beats: Sequence[tuple[float, bool]]
    keys: Sequence[tuple[float, str]]
    rules: Sequence[RuleRow]
    left: float
    inner_width: float
    roll_bottom: float
    width: float
    height: float
    words: str


def draw_roll(
    tokens: Sequence[int],
    paid: Mapping[str, Sequence[float]],
    pitches: tuple[int, int],
    largest: float,
    heard: Heard = AS_TOKENS,
) -> Roll:
    """The geometry of one melody.

    Args:
        tokens: the melody.
        paid: rule -> its weighted reward at each step.
        pitches: lowest and highest MIDI pitch shown.
        largest: the size of a payment that fills half of a row; smaller ones by the logarithm of
            1 + their size, so that both a rule of 100 and one of 1 are seen.
        heard: where it sounds, its key and its bars.
    """
    lowest, highest = pitches
    inner_width, bottom = len(tokens) * STEP, (highest - lowest + 1) * PITCH

    def row(pitch: int) -> float:
        return (highest - pitch) * PITCH

    def name(pitch: int) -> str:
        return pitch_name(pitch, heard.signature)

    notes = [note._replace(pitch=note.pitch + heard.transpose) for note in decode(tokens)]
    return Roll(
        notes=[
            (
                (LEFT + n.start * STEP + 0.5, row(n.pitch), (n.end - n.start) * STEP - 1, PITCH),
                f"{name(n.pitch)}, sixteenths {n.start + 1} to {n.end}",
            )
            for n in notes
        ],
        dark_keys=[
            (LEFT, row(pitch), inner_width, PITCH)
            for pitch in range(lowest, highest + 1)
            if pitch % 12 in _BLACK_KEYS
        ],
        beats=[(LEFT + step * STEP, bar) for step, bar in heard.lines(len(tokens))],
        keys=[
            (row(pitch) + PITCH / 2, pitch_name(pitch))
            for pitch in range(lowest, highest + 1)
            if pitch % 12 == 0
        ],
        rules=[
            _rule_row(rule, own, bottom + GAP + (place + 0.5) * RULE_HEIGHT, largest)
            for place, (rule, own) in enumerate(paid.items())
        ],
        left=LEFT,
        inner_width=inner_width,
        roll_bottom=bottom,
        width=LEFT + inner_width + SUM_WIDTH,
        height=bottom + GAP + len(paid) * RULE_HEIGHT,
        words=" ".join(name(note.pitch) for note in notes) or "silence",
    )


def shown_pitches(
    melodies: Sequence[Sequence[int]], transpose: Sequence[int] | None = None
) -> tuple[int, int]:
    """Lowest and highest pitch of some melodies, an octave at least, and one more on each side.

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
    return RuleRow(
        rule.replace("_", " "),
        baseline,
        [_payment(step, reward, baseline, largest) for step, reward in enumerate(paid) if reward],
        sum(paid),
    )


def _payment(step: int, reward: float, baseline: float, largest: float) -> Payment:
    half = RULE_HEIGHT / 2 - 1
    share = math.log1p(abs(reward)) / math.log1p(largest)
    height = round(max(half * min(share, 1.0), LEAST_BAR), 1)
    top = baseline - height if reward > 0 else baseline
    return Payment(
        (LEFT + step * STEP + 1, round(top, 1), STEP - 2, height),
        reward > 0,
        f"sixteenth {step + 1}: {reward:+.3g}",
    )
