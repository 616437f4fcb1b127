"""From a score to melodies on the sixteenth grid.

Choose the melody part, quantise it, transpose it to C major or A minor, split it at long rests,
check length and variety, and move single notes into the three octaves of the encoding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import Field, field_validator

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import (
    HIGHEST_PITCH,
    LOWEST_PITCH,
    STEPS_PER_QUARTER,
    Note,
    encode,
    into_range,
)
from sequence_tutor.melody.reading.keys import estimate_key
from sequence_tutor.melody.reading.part_names import rank
from sequence_tutor.melody.reading.score import Part, TuneScore

MOST_NOTES = 200_000
"""In a part: a hundred times a symphony's first violin."""

# A part is monophonic if at most this share of its notes overlap the next.
_MONOPHONIC = 0.05
# A melody has at least this share of the notes of the largest part: piano accompaniments of songs
# have up to seven times the notes of the voice.
_SUBSTANTIAL = 0.1
# A part of chords is no melody, whatever its name; in triads two of three notes overlap the next.
_CHORDS = 0.55
# General MIDI programs that melodies rarely have: basses, pads, drums, effects.
_BENEATH = (*range(32, 40), *range(88, 96), *range(112, 128))


class ExtractionSettings(Settings):
    """How tunes become melodies."""

    meters: tuple[str, ...] = Field(
        ("4/4", "2/2"), description="meters to keep; empty keeps every meter"
    )
    minimum_bars: float = Field(7, ge=0, description="shortest melody, in bars of its meter")
    minimum_steps: int = Field(1, ge=1, description="shortest melody, in sixteenth notes")
    minimum_distinct_pitches: int = Field(5, ge=1, description="fewest different pitches")
    gap_bars: float = Field(1, gt=0, description="a rest this long splits a tune into melodies")
    maximum_steps: int = Field(512, ge=1, description="longer melodies are cut")
    maximum_grid_distance: float = Field(
        0.1,
        gt=0,
        le=1,
        description="mean distance of the onsets from sixteenths and triplets, in sixteenths, "
        "above which a file is a performance without a beat (0.19 is chance)",
    )
    transpose: bool = Field(True, description="bring every tune to C major or A minor")

    @classmethod
    def as_written(cls, maximum_steps: int = 512) -> Self:
        """Settings for a melody to score or to continue: any meter, length and variety, any key."""
        return cls(
            meters=(),
            minimum_bars=0,
            minimum_distinct_pitches=1,
            maximum_steps=maximum_steps,
            transpose=False,
        )

    @field_validator("meters")
    @classmethod
    def _meters_are_fractions(cls, meters: tuple[str, ...]) -> tuple[str, ...]:
        for meter in meters:
            if not re.fullmatch(r"[1-9]\d*/[1-9]\d*", meter):
                raise ValueError(f"meter {meter!r} must look like 4/4")
        return meters


def extract(score: TuneScore, settings: ExtractionSettings) -> list[list[int]]:
    """The melodies of a score, each a list of 1 to `maximum_steps` tokens.

    Raises:
        UserError: the score has no melody under these settings; the message does not name the file.
    """
    if score.problem:
        raise UserError(score.problem)
    for meter in score.meters:
        if settings.meters and f"{meter[0]}/{meter[1]}" not in settings.meters:
            raise UserError(
                f"meter {meter[0]}/{meter[1]} is not among {', '.join(settings.meters)}; "
                f"--meters {meter[0]}/{meter[1]} reads it"
            )
    notes = quantise(melody_part(score, settings.maximum_grid_distance))
    numerator, denominator = score.meters[0]
    steps_per_bar = 4 * STEPS_PER_QUARTER * numerator / denominator
    if settings.transpose:
        durations = np.array([note.end - note.start for note in notes], dtype=np.float64)
        key = estimate_key(np.array([note.pitch for note in notes]), durations)
        notes = [note._replace(pitch=note.pitch + key.transposition) for note in notes]
    shortest = max(settings.minimum_steps, settings.minimum_bars * steps_per_bar)
    phrases = _split(notes, settings.gap_bars * steps_per_bar)
    long_enough = [phrase for phrase in phrases if phrase[-1].end >= shortest]
    if not long_enough:
        raise UserError(
            f"shorter than {shortest / steps_per_bar:g} bars between rests of a bar or so; "
            "data.minimum_bars and data.gap_bars say what is kept"
        )
    cut = [_cut(phrase, settings.maximum_steps) for phrase in long_enough]
    fewest = settings.minimum_distinct_pitches
    varied = [phrase for phrase in cut if len({note.pitch for note in phrase}) >= fewest]
    if not varied:
        raise UserError(f"fewer than {fewest} different pitches")
    return [_encoded(phrase) for phrase in varied]


def melody_part(score: TuneScore, maximum_grid_distance: float) -> Part:
    """The part that is most likely the melody; see `choose_melody`.

    Raises:
        UserError: its onsets are off the grid (see `ExtractionSettings`), it is too long, or there
            are no notes.
    """
    part = choose_melody(score)
    if len(part) > MOST_NOTES:
        raise UserError(f"a part of {len(part)} notes, expected at most {MOST_NOTES}")
    distance = grid_distance(part)
    if distance > maximum_grid_distance:
        raise UserError(
            f"onsets lie {distance:.2f} sixteenths from the grid on average, expected at most "
            f"{maximum_grid_distance:g}: a performance without a beat"
        )
    return part


def choose_melody(score: TuneScore) -> Part:
    """The part that is most likely the melody.

    Among parts with enough notes: one that is named like a melody and is not of chords, else one
    whose name and program are not those of a bass or an accompaniment; among these a monophonic
    one; among these the highest on average.

    Raises:
        UserError: when the score has no notes.
    """
    most = max((len(part) for part in score.parts), default=0)
    if most == 0:
        raise UserError("no notes")
    return max(
        (part for part in score.parts if len(part) >= _SUBSTANTIAL * most),
        key=lambda part: (_rank(part), part.overlap() <= _MONOPHONIC, float(part.pitches.mean())),
    )


def _rank(part: Part) -> int:
    """1: named a melody, and no chords; -1: a bass or accompaniment by name or program; else 0."""
    called = rank(part.name)
    if called > 0:
        return int(part.overlap() <= _CHORDS)
    return -1 if part.program in _BENEATH else called


def grid_distance(part: Part) -> float:
    """The mean distance of the onsets from the nearest sixteenth or triplet eighth, in sixteenths.

    The onsets of written music lie on these; random onsets are 0.19 away on average.
    """
    distances = [
        np.abs(part.starts * division - np.rint(part.starts * division)) / division
        for division in (STEPS_PER_QUARTER, 3)
    ]
    return float(np.minimum(*distances).mean()) * STEPS_PER_QUARTER


def quantise(part: Part) -> list[Note]:
    """The notes on the grid, reduced to one voice: the skyline.

    Of notes with one onset the highest is kept. A note that starts under a higher one is dropped if
    it also ends under it; else it cuts the one before, since legato notes overlap a little.
    """
    # not rint, which rounds half a step down or up by turns
    starts = np.floor(part.starts * STEPS_PER_QUARTER + 0.5).astype(np.int64)  # (N,)
    ends = np.floor(part.ends * STEPS_PER_QUARTER + 0.5).astype(np.int64)
    ends = np.maximum(ends, starts + 1)
    order = np.lexsort((-part.pitches, starts))
    columns = np.stack((starts, ends, part.pitches), axis=1)[order]  # (N, 3)
    notes: list[Note] = []
    for start, end, pitch in columns.tolist():
        if notes and start < notes[-1].end:
            last = notes[-1]
            if start == last.start or (pitch <= last.pitch and end <= last.end):
                continue
            notes[-1] = last._replace(end=start)
        notes.append(Note(start, end, pitch))
    return notes


def _split(notes: list[Note], gap: float) -> list[list[Note]]:
    """Split at rests of `gap` steps or more; every piece starts with a note at step 0."""
    pieces: list[list[Note]] = []
    previous_end = -np.inf
    offset = 0
    for note in notes:
        if note.start - previous_end >= gap:
            pieces.append([])
            offset = note.start
        pieces[-1].append(Note(note.start - offset, note.end - offset, note.pitch))
        previous_end = note.end
    return pieces


def _cut(notes: list[Note], steps: int) -> list[Note]:
    kept = [note for note in notes if note.start < steps]
    kept[-1] = kept[-1]._replace(end=min(kept[-1].end, steps))
    return kept


def _encoded(notes: list[Note]) -> list[int]:
    """The tokens of notes moved into C3..B5: all by the octaves that fit most, then single ones."""
    shift = 12 * fitting_octaves([note.pitch for note in notes])
    moved = [note._replace(pitch=into_range(note.pitch + shift)) for note in notes]
    return encode(moved, notes[-1].end)


def fitting_octaves(pitches: Sequence[int]) -> int:
    """The octaves, upwards, that bring most notes into C3..B5; the fewest in a tie."""
    given = np.array(pitches)

    def outside(octaves: int) -> tuple[int, int]:
        moved = given + 12 * octaves
        return int(((moved < LOWEST_PITCH) | (moved > HIGHEST_PITCH)).sum()), abs(octaves)

    return min(range(-8, 9), key=outside)
