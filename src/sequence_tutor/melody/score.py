"""What every reader (MIDI, ABC, MusicXML) gives and the extraction takes: parts, notes, meters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """The notes of one track, voice or staff; times in quarter notes, sorted by start.

    Attributes:
        name: as the file names it; may be empty.
        starts: (N,) float64, onsets in quarter notes.
        ends: (N,) float64, each after its start.
        pitches: (N,) int64, MIDI numbers at concert pitch.
    """

    name: str
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    pitches: NDArray[np.int64]

    @classmethod
    def from_notes(cls, name: str, notes: Sequence[tuple[float, float, int]]) -> Part:
        """A part of (start, end, pitch) in any order; notes without a length are dropped."""
        kept = sorted((note for note in notes if note[1] > note[0]), key=lambda note: note[:2])
        columns = np.array(kept, dtype=np.float64).reshape(-1, 3)  # (N, 3)
        return cls(name, columns[:, 0], columns[:, 1], columns[:, 2].astype(np.int64))

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Score:
    """One tune as read from a file.

    Attributes:
        parts: pitched parts only; percussion is left out by the readers.
        meters: every time signature in force while notes sound, as (numerator, denominator), in
            order of appearance; 4/4 where the file names none, as MIDI and MusicXML assume.
    """

    parts: tuple[Part, ...]
    meters: tuple[tuple[int, int], ...] = ((4, 4),)


def meters_in_force(
    changes: Sequence[tuple[float, int, int]], last_onset: float
) -> tuple[tuple[int, int], ...]:
    """The distinct meters that hold somewhere between the start and the last onset.

    Args:
        changes: (time in quarters, numerator, denominator). Where several stand at one time the
            last is in force; before the first change the meter is that of the first. Those with a
            zero, as damaged files have them, are passed over.
        last_onset: changes after it are of no consequence.
    """
    by_time: dict[float, tuple[int, int]] = {}
    for time, numerator, denominator in sorted(changes, key=lambda change: change[0]):
        if min(numerator, denominator) > 0 and (time <= last_onset or not by_time):
            by_time[time] = (numerator, denominator)
    return tuple(dict.fromkeys(by_time.values())) or ((4, 4),)
