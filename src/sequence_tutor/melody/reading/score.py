"""What every reader (MIDI, ABC, MusicXML) returns: a score of parts, with meters and a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LEGATO = 1 / 8
"""Quarter notes, half a sixteenth: notes and bars may overlap so much by accident."""

SLOWEST, FASTEST = 10.0, 600.0  # quarter notes a minute
MOST_PARTS = 1000
"""Of a file; the largest orchestras have a tenth of it."""

MOST_CHORDS = 10_000
"""Chord symbols that are read: several a bar for an hour of music."""

MOST_METERS = 10_000
"""Changes of meter in a file: one a bar for an hour of music."""


@dataclass(frozen=True)
class Part:
    """The notes of one track, voice or staff; times in quarter notes, sorted by start.

    Attributes:
        name: may be empty.
        starts: (N,) float64, onsets in quarter notes.
        ends: (N,) float64, each after its start.
        pitches: (N,) int64, MIDI numbers at concert pitch.
        program: of General MIDI, 0 to 127; None if the file has none.
    """

    name: str
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    pitches: NDArray[np.int64]
    program: int | None = None

    @classmethod
    def from_notes(
        cls,
        name: str,
        notes: Sequence[tuple[float, float, int]] | NDArray[np.float64],
        program: int | None = None,
    ) -> Part:
        """A part of (start, end, pitch) in any order; notes without a length are dropped."""
        rows = np.array(notes, dtype=np.float64).reshape(-1, 3)  # (N, 3)
        rows = rows[(rows[:, 1] > rows[:, 0]) & (rows[:, 0] >= 0)]
        starts, ends, pitches = rows[np.lexsort((rows[:, 1], rows[:, 0]))].T
        return cls(name, starts, ends, pitches.astype(np.int64), program)

    def __len__(self) -> int:
        return len(self.starts)

    def overlap(self) -> float:
        """The share of notes that overlap the next by more than half a sixteenth."""
        if len(self) < 2:
            return 0.0
        return float(np.mean(self.ends[:-1] > self.starts[1:] + _LEGATO))


class WrittenKey(NamedTuple):
    """A key as a file writes it: sharps, or flats below 0, and a mode of `MODES` or None."""

    fifths: int
    mode: str | None = None

    def moved(self, semitones: int) -> WrittenKey:
        """The key after a transposition."""
        fifths = self.fifths + (7 * semitones + 5) % 12 - 5
        if abs(fifths) > 7:
            fifths += 12 if fifths < 0 else -12
        return WrittenKey(fifths, self.mode)


@dataclass(frozen=True)
class TuneScore:
    """One tune as read from a file.

    Attributes:
        parts: pitched parts only.
        meters: every meter in force while notes sound, as (numerator, denominator), the longest in
            force first; 4/4 if the file names none, as MIDI and MusicXML assume.
        key: as the file writes it; None if it does not.
        downbeat: quarter notes from the start to a bar line: the end of an upbeat, or 0.
        end: of the tune, in quarter notes, rests included; None: the end of the last note.
        chords: time in quarter notes and name of each chord symbol, in order; empty for none.
        left_out: a phrase for each kind of music that the reader ignored.
        problem: why a tune of a tune book could not be read; empty if it could.
        tempo: quarter notes a minute at the start; None: the file does not say.
    """

    parts: tuple[Part, ...]
    meters: tuple[tuple[int, int], ...] = ((4, 4),)
    key: WrittenKey | None = None
    downbeat: float = 0.0
    end: float | None = None
    chords: tuple[tuple[float, str], ...] = ()
    left_out: tuple[str, ...] = ()
    problem: str = ""
    tempo: float | None = None


def tempo_of(quarters: float) -> float | None:
    """Quarter notes a minute, to a hundredth; None where no music has such a tempo."""
    return round(quarters, 2) if SLOWEST <= quarters <= FASTEST else None


def meters_in_force(
    changes: Sequence[tuple[float, int, int]], last_onset: float
) -> tuple[tuple[int, int], ...]:
    """The distinct meters in force up to the last onset, the longest in force first.

    Notation programs write an incomplete bar as a meter of its own: an upbeat, the last bar, and a
    bar divided by a repeat sign. These count as bars of the meter that is longest in force.

    Args:
        changes: (time in quarters, numerator, denominator). Of several at one time the last is in
            force; the first also holds before its time. Zeros, from damaged files, are ignored.
        last_onset: changes after it are ignored.
    """
    spans = _spans(changes, last_onset)
    if not spans:
        return ((4, 4),)
    longest = _held(spans)[0]
    if len(spans) == 2 and spans[0].is_incomplete(spans[1].meter):
        longest = spans[1].meter  # an upbeat may be longer than the rest of the tune
    whole = [span for span in spans if not span.is_incomplete(longest)]
    runs = groupby(enumerate(spans), key=lambda place: place[1].is_incomplete(longest))
    for is_incomplete, run in runs:
        if not is_incomplete:
            continue
        places, pieces = zip(*run, strict=True)
        at_an_end = len(pieces) == 1 and places[0] in (0, len(spans) - 1)
        together = sum(piece.length for piece in pieces)
        if not at_an_end and abs(together - _bar(longest)) > _LEGATO:
            whole += pieces
    return _held(whole)


def end_of_upbeat(
    changes: Sequence[tuple[float, int, int]], last_onset: float, meter: tuple[int, int]
) -> float:
    """Where the first full bar begins, in quarter notes; 0 without an upbeat.

    `changes` and `last_onset` are those of `meters_in_force`, `meter` the first that it returned.
    """
    first = next(iter(_spans(changes, last_onset)), None)
    return first.length if first is not None and first.is_incomplete(meter) else 0.0


class _Span(NamedTuple):
    """A meter from one change to the next; the length is in quarters."""

    meter: tuple[int, int]
    length: float

    def is_incomplete(self, longest: tuple[int, int]) -> bool:
        """Whether it may be a part of one bar of the meter that is longest in force."""
        bar = _bar(self.meter)
        return bar < _bar(longest) and self.length <= bar + _LEGATO


def _bar(meter: tuple[int, int]) -> float:
    return 4 * meter[0] / meter[1]


def _spans(changes: Sequence[tuple[float, int, int]], last_onset: float) -> list[_Span]:
    by_time: dict[float, tuple[int, int]] = {}
    for time, numerator, denominator in sorted(changes, key=lambda change: change[0]):
        if min(numerator, denominator) > 0 and (time <= last_onset or not by_time):
            by_time[time] = (numerator, denominator)
    if not by_time:
        return []
    times = [0.0, *list(by_time)[1:], max(last_onset, *by_time)]
    lengths = (after - before for before, after in pairwise(times))
    spans: list[_Span] = []
    for meter, length in zip(by_time.values(), lengths, strict=True):
        if spans and spans[-1].meter == meter:
            spans[-1] = _Span(meter, spans[-1].length + length)
        else:
            spans.append(_Span(meter, length))
    return spans


def _held(spans: Sequence[_Span]) -> tuple[tuple[int, int], ...]:
    """The meters, the longest in force first."""
    held: dict[tuple[int, int], float] = {}
    for meter, length in spans:
        held[meter] = held.get(meter, 0.0) + length
    return tuple(sorted(held, key=lambda meter: -held[meter]))


def counted(number: int, what: str) -> str:
    """A number and a noun, such as 1 note or 2 notes."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def upwards(number: int, what: str) -> str:
    """A movement, such as 1 octave up or, below 0, 2 semitones down."""
    return f"{counted(abs(number), what)} {'up' if number > 0 else 'down'}"
