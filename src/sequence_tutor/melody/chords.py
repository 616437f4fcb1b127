"""Chord symbols and progressions, such as ``Dm7 | G7 | C / / Am | %``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from sequence_tutor.errors import UserError, shown
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.scales import OCTAVE, TONICS
from sequence_tutor.melody.signature import Signature

MOST_BARS = 512


class Quality(NamedTuple):
    """What a symbol says beside its root.

    Attributes:
        intervals: semitones above the root.
        kind: of MusicXML's `kind`.
    """

    intervals: tuple[int, ...]
    kind: str


QUALITIES = {
    "": Quality((0, 4, 7), "major"),
    "m": Quality((0, 3, 7), "minor"),
    "7": Quality((0, 4, 7, 10), "dominant"),
    "maj7": Quality((0, 4, 7, 11), "major-seventh"),
    "m7": Quality((0, 3, 7, 10), "minor-seventh"),
    "mmaj7": Quality((0, 3, 7, 11), "major-minor"),
    "m7b5": Quality((0, 3, 6, 10), "half-diminished"),
    "dim": Quality((0, 3, 6), "diminished"),
    "dim7": Quality((0, 3, 6, 9), "diminished-seventh"),
    "aug": Quality((0, 4, 8), "augmented"),
    "aug7": Quality((0, 4, 8, 10), "augmented-seventh"),
    "sus4": Quality((0, 5, 7), "suspended-fourth"),
    "sus2": Quality((0, 2, 7), "suspended-second"),
    "7sus4": Quality((0, 5, 7, 10), "suspended-fourth"),
    "6": Quality((0, 4, 7, 9), "major-sixth"),
    "m6": Quality((0, 3, 7, 9), "minor-sixth"),
    "9": Quality((0, 4, 7, 10, 2), "dominant-ninth"),
    "maj9": Quality((0, 4, 7, 11, 2), "major-ninth"),
    "m9": Quality((0, 3, 7, 10, 2), "minor-ninth"),
    "add9": Quality((0, 4, 7, 2), "major"),
    "7b9": Quality((0, 4, 7, 10, 1), "dominant"),
    "13": Quality((0, 4, 7, 10, 2, 9), "dominant-13th"),
    "5": Quality((0, 7), "power"),
}

_SPELLINGS = {
    "maj": "",
    "M": "",
    "min": "m",
    "-": "m",
    "M7": "maj7",
    "Maj7": "maj7",
    "j7": "maj7",
    "^7": "maj7",
    "Δ": "maj7",
    "Δ7": "maj7",
    "min7": "m7",
    "-7": "m7",
    "mM7": "mmaj7",
    "m(maj7)": "mmaj7",
    "ø": "m7b5",
    "ø7": "m7b5",
    "-7b5": "m7b5",
    "h7": "m7b5",
    "o": "dim",
    "°": "dim",
    "o7": "dim7",
    "°7": "dim7",
    "+": "aug",
    "+7": "aug7",
    "7#5": "aug7",
    "sus": "sus4",
    "7sus": "7sus4",
    "min6": "m6",
    "-6": "m6",
    "M9": "maj9",
    "min9": "m9",
    "-9": "m9",
}

_SYMBOL = re.compile(r"([A-G][#b]?)([^/\s]*?)(?:/([A-G][#b]?))?")
NO_CHORD = "N.C."
_NONE = (NO_CHORD, "NC")


@dataclass(frozen=True)
class Chord:
    """A chord by its name.

    Attributes:
        root: one of `TONICS`.
        quality: one of `QUALITIES`.
        bass: its lowest note if that is not the root; empty: it is.
    """

    root: str
    quality: str = ""
    bass: str = ""

    def __str__(self) -> str:
        return f"{self.root}{self.quality}{f'/{self.bass}' if self.bass else ''}"

    @property
    def tones(self) -> frozenset[int]:
        """Its pitch classes, 0 is C; a bass of its own is one of them."""
        root = TONICS[self.root]
        own = {(root + semitones) % OCTAVE for semitones in QUALITIES[self.quality].intervals}
        return frozenset(own | ({TONICS[self.bass]} if self.bass else set()))

    @property
    def avoided(self) -> frozenset[int]:
        """Pitch classes a semitone above a chord tone that are none themselves: avoid notes."""
        return frozenset((tone + 1) % OCTAVE for tone in self.tones) - self.tones

    def moved(self, semitones: int, signature: Signature) -> Chord:
        """The chord after a transposition, spelled as in a key."""

        def name(tonic: str) -> str:
            letter, alteration = signature.names[(TONICS[tonic] + semitones) % OCTAVE]
            spelled = letter + {1: "#", -1: "b", 0: ""}.get(alteration, "?")
            if spelled in TONICS:
                return spelled
            pitch = (TONICS[tonic] + semitones) % OCTAVE
            return next(one for one, number in TONICS.items() if number == pitch)

        return replace(self, root=name(self.root), bass=self.bass and name(self.bass))


def parse_chord(text: str) -> Chord | None:
    """The chord of a symbol; None for `N.C.`, no chord.

    Raises:
        UserError: it is none that is known.
    """
    if text.upper() in _NONE:
        return None
    match = _SYMBOL.fullmatch(text.translate(str.maketrans("♯♭", "#b")))
    if match is not None:
        quality = _SPELLINGS.get(match[2], match[2])
        known = all(name is None or name in TONICS for name in (match[1], match[3]))
        if quality in QUALITIES and known:
            return Chord(match[1], quality, match[3] or "")
    qualities = ", ".join(f"C{quality}" for quality in QUALITIES)
    raise UserError(f"{shown(text)} is no chord, expected one such as {qualities}, or Am7/G")


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
