"""Progressions of chords, such as ``Dm7 | G7 | C / / Am | %``, as text and in a melody."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from sequence_tutor.errors import UserError, shown
from sequence_tutor.melody.chords import NO_CHORD, Chord, parse_chord
from sequence_tutor.melody.meter import Meter

MOST_BARS = 512

Bar = tuple[Chord | None, ...]
"""The chords of a bar, which divide it evenly; None: no chord."""


@lru_cache(maxsize=64)
def parse_progression(text: str) -> tuple[Bar, ...]:
    """The bars of a progression.

    >>> parse_progression("Dm7 | G7 | C / / G7 | %")
    ((Dm7,), (G7,), (C, C, C, G7), (C, C, C, G7))

    Args:
        text: bars between bar lines. Several chords divide a bar evenly; `/` repeats the chord
            before, `%` the bar before.

    Raises:
        UserError: a symbol that is no chord, or a bar without any.
    """
    bars: list[Bar] = []
    last: Chord | None = None
    for place, written in enumerate(text.strip().strip("|").split("|"), start=1):
        symbols = written.split()
        if not symbols:
            raise UserError(
                f"chords {shown(text)}: bar {place} is empty, expected a chord, % or N.C."
            )
        if symbols == ["%"]:
            if not bars:
                raise UserError(f"chords {shown(text)}: there is no bar before the first to repeat")
            bars.append(bars[-1])
            continue
        bar = []
        for symbol in symbols:
            last = last if symbol == "/" else parse_chord(symbol)
            bar.append(last)
        bars.append(tuple(bar))
        if len(bars) > MOST_BARS:
            raise UserError(f"chords of more than {MOST_BARS} bars")
    return tuple(bars)


def as_text(bars: Sequence[Bar]) -> str:
    """Bars as `parse_progression` reads them."""
    return " | ".join(map(_bar_text, bars))


def _bar_text(bar: Bar) -> str:
    """The chords of a bar, one alone where all are the same."""
    names = [NO_CHORD if chord is None else str(chord) for chord in bar]
    if len(set(names)) == 1:
        return names[0]
    pairs = zip(names, ["", *names], strict=False)  # each with the one before it
    return " ".join("/" if name == before else name for name, before in pairs)


class ChordSpan(NamedTuple):
    """A chord from its first step to the one after its last."""

    first: int
    last: int
    chord: Chord


def chord_spans(bars: Sequence[Bar], meter: Meter, upbeat: int, steps: int) -> list[ChordSpan]:
    """Where the chords of a progression sound in a melody; it begins anew where it ends.

    There is no chord in an upbeat. A chord that goes on is one span in each bar.
    """
    spans: list[ChordSpan] = []
    for number, begins in enumerate(range(upbeat, steps, meter.steps)):
        bar = bars[number % len(bars)]
        edges = [begins + meter.steps * place // len(bar) for place in range(len(bar) + 1)]
        for place, chord in enumerate(bar):
            first, last = edges[place], min(edges[place + 1], steps)
            if chord is None or first >= last:
                continue
            if place and spans and spans[-1].last == first and spans[-1].chord == chord:
                spans[-1] = spans[-1]._replace(last=last)
            else:
                spans.append(ChordSpan(first, last, chord))
    return spans


def progression_of(
    changes: Sequence[tuple[float, str]], meter: Meter, upbeat: int, steps: int
) -> str:
    """Chord symbols at their places in a tune as the text of a progression, bar by bar.

    A symbol between two beats counts from the beat after it.

    Args:
        changes: step and name of each symbol, in order.
        meter: of the bars.
        upbeat: steps before the first bar.
        steps: of the tune.
    """
    edges = list(accumulate(meter.beats, initial=0))[:-1]
    bars: list[Bar] = []
    place, now = 0, NO_CHORD
    for begins in range(upbeat, steps, meter.steps):
        bar = []
        for edge in edges:
            while place < len(changes) and changes[place][0] < begins + edge + 0.5:
                now = changes[place][1]
                place += 1
            bar.append(parse_chord(now))
        bars.append(tuple(bar))
    return as_text(bars)
