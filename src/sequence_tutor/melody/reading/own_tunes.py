"""Reading a user's tune, to score it or to continue it: the melody, and what reading changed.

Reading training data may drop and change what does not fit; here the user is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import Member, door
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, Note, encode, into_range
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.midi import end_of_midi
from sequence_tutor.melody.reading.corpus import read_scores
from sequence_tutor.melody.reading.extraction import (
    ExtractionSettings,
    fitting_octaves,
    melody_part,
    quantise,
)
from sequence_tutor.melody.reading.keys import key_of
from sequence_tutor.melody.reading.score import Part, TuneScore, counted
from sequence_tutor.melody.reading.sources import MIDI_SUFFIXES, read_sources
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import signature_of

LONGEST = 512
"""Most sixteenths of a tune: 32 bars of 4/4."""

_MOST_BARS_OF_REST = 2
"""At the end of a tune; a longer rest is cut to what fills the last bar."""

_MOVED = 0.1 / STEPS_PER_QUARTER
"""Quarter notes from the grid, a tenth of a step, up to which an onset is not reported as moved."""


@dataclass(frozen=True)
class OwnTune:
    """One tune as it stands in its file, on the sixteenth grid.

    Attributes:
        name: of the file, and the number in a tune book.
        notes: the melody at concert pitch; the first one begins at step 0.
        steps: sixteenths from the first note to the end of the tune.
        key: of the notes.
        key_is_named: whether the file names the key; else it is estimated from the notes.
        meters: as the file has them.
        downbeat: the step at which a bar begins; below 0 where the first note comes after it.
        changes: what reading changed, a phrase each.
        chords: step and name of each chord symbol.
        tempo: quarter notes a minute; None: the file does not say.
    """

    name: str
    notes: tuple[Note, ...]
    steps: int
    key: Key
    key_is_named: bool
    meters: tuple[tuple[int, int], ...]
    downbeat: int
    changes: tuple[str, ...]
    chords: tuple[tuple[float, str], ...] = ()
    tempo: float | None = None

    @property
    def meter(self) -> Meter | None:
        """The first one; None where its bars are no whole sixteenths."""
        return Meter.of_pair(self.meters[0])

    def upbeat(self, meter: Meter) -> int:
        """Sixteenths before the first bar line."""
        return self.downbeat % meter.steps

    def octaves(self, semitones: int = 0) -> int:
        """The octaves that bring most of the notes, moved by semitones, into range."""
        return fitting_octaves([note.pitch + semitones for note in self.notes])

    def judged_octaves(self) -> int:
        """The octaves that the tune is moved by to be judged: none if most notes are in range."""
        inside = sum(note.pitch == into_range(note.pitch) for note in self.notes)
        return 0 if 2 * inside > len(self.notes) else self.octaves()

    def tokens(self, semitones: int = 0) -> list[int]:
        """The melody moved by semitones; single notes out of range are moved by octaves."""
        return encode(
            [note._replace(pitch=into_range(note.pitch + semitones)) for note in self.notes],
            self.steps,
        )

    def folding(self, semitones: int = 0) -> list[str]:
        """A phrase on the notes that `tokens` moves by octaves; empty if there are none."""
        pitches = [note.pitch + semitones for note in self.notes]
        folded = sum(pitch != into_range(pitch) for pitch in pitches)
        return [f"{counted(folded, 'note')} moved by octaves into the range of three"] * bool(
            folded
        )

    def description(self, changes: Sequence[str] = ()) -> str:
        """What was read and what was changed, in a line."""
        estimated = "" if self.key_is_named else ", as its notes tell"
        facts = [f"{counted(len(self.notes), 'note')} in {signature_of(self.key)}{estimated}"]
        upbeat = self.upbeat(self.meter) if self.meter else 0
        facts += [f"an upbeat of {counted(upbeat, 'sixteenth')}"] if upbeat else []
        return "; ".join([*facts, *self.changes, *changes])


def own_tunes(path: Path) -> Iterator[OwnTune]:
    """The tunes of a MIDI, ABC or MusicXML file, each as it stands there.

    Raises:
        UserError: the file cannot be read, or a tune has no melody of 1 to `LONGEST` sixteenths.
    """
    for file in read_sources([path]):
        yield from tunes_of(file)


def tunes_of(file: Member) -> Iterator[OwnTune]:
    """The tunes of one file in memory, whose kind its name says.

    Raises:
        UserError: as of `own_tunes`.
    """
    if file.problem:
        raise UserError(f"{file.name}: {file.problem}")
    is_midi = file.name.lower().endswith(MIDI_SUFFIXES)
    for name, score in read_scores(file):
        with door(name):
            end = end_of_midi(file.data) if is_midi else score.end
            tune = own_tune(replace(score, end=end), name)
        if tune.steps > LONGEST:
            raise UserError(f"{name}: {tune.steps} tokens, expected 1 to {LONGEST}")
        yield tune


def own_tune(score: TuneScore, name: str) -> OwnTune:
    """The melody of a score.

    Raises:
        UserError: it has none.
    """
    if score.problem:
        raise UserError(score.problem)
    part = melody_part(score, ExtractionSettings.as_written().maximum_grid_distance)
    notes = quantise(part)
    first = notes[0].start
    kept = tuple(Note(note.start - first, note.end - first, note.pitch) for note in notes)
    downbeat = _step(score.downbeat) - first
    steps, cut = _ending(score, first, kept[-1].end, downbeat)
    changes = (
        *score.left_out,
        *_changes_of_parts(score, part),
        *_changes_of_chords(part, notes),
        *_changes_of_rhythm(part),
        *_changes_of_bars(score, first),
        *cut,
    )
    key = key_of(kept, score.key)
    chords = tuple((time * STEPS_PER_QUARTER - first, chord) for time, chord in score.chords)
    is_named = score.key is not None
    return OwnTune(
        name, kept, steps, key, is_named, score.meters, downbeat, changes, chords, score.tempo
    )


def _step(quarters: float) -> int:
    return int(np.floor(quarters * STEPS_PER_QUARTER + 0.5))


def _ending(score: TuneScore, first: int, end: int, downbeat: int) -> tuple[int, list[str]]:
    """Steps of the tune with its last rest, and a phrase if that was cut.

    Notation programs fill new scores with empty bars, which are not part of the tune.
    """
    steps = max(end, end if score.end is None else _step(score.end) - first)
    meter = Meter.of_pair(score.meters[0]) or COMMON
    if steps - end <= _MOST_BARS_OF_REST * meter.steps:
        return steps, []
    kept = end + (downbeat - end) % meter.steps
    return kept, [f"a rest of {counted(steps - kept, 'sixteenth')} at the end left out"]


def _changes_of_parts(score: TuneScore, part: Part) -> Iterator[str]:
    if len(score.parts) > 1:
        place = next(place for place, one in enumerate(score.parts, start=1) if one is part)
        name = f" ({part.name})" if part.name.isprintable() and part.name.strip() else ""
        yield f"part {place} of {len(score.parts)}{name} taken, the others left out"


def _changes_of_chords(part: Part, notes: Sequence[Note]) -> Iterator[str]:
    """Notes that do not fit into a single voice, and those that the next note cuts."""
    onsets = len(np.unique(np.round(part.starts, 3)))
    chords, rest = len(part) - onsets, onsets - len(notes)
    if chords > 0:
        yield f"{counted(chords, 'lower note')} of chords left out"
    if rest > 0:
        yield f"{counted(rest, 'note')} under a longer one or within one sixteenth left out"
    columns = (part.starts.tolist(), part.ends.tolist(), part.pitches.tolist())
    until = {(_step(start), pitch): end for start, end, pitch in zip(*columns, strict=True)}
    cut = sum(
        until.get((note.start, note.pitch), 0.0) * STEPS_PER_QUARTER > note.end + 0.6
        for note in notes
    )
    if cut:
        yield f"{counted(cut, 'note')} cut short by the next"


def _changes_of_rhythm(part: Part) -> Iterator[str]:
    """Onsets off the sixteenth grid; at a third or a sixth of a beat they are triplets."""
    beside = np.abs(part.starts * STEPS_PER_QUARTER - np.rint(part.starts * STEPS_PER_QUARTER))
    moved = beside / STEPS_PER_QUARTER > _MOVED
    thirds = np.abs(part.starts * 6 - np.rint(part.starts * 6)) / 6 <= _MOVED
    triplets, others = int((moved & thirds).sum()), int((moved & ~thirds).sum())
    if triplets:
        yield f"{counted(triplets, 'note')} of triplets moved to sixteenths"
    if others:
        yield f"{counted(others, 'note')} moved to the nearest sixteenth"


def _changes_of_bars(score: TuneScore, first: int) -> Iterator[str]:
    meter = Meter.of_pair(score.meters[0])
    if meter is not None and first >= meter.steps:
        yield f"{counted(first // meter.steps, 'bar')} of rest at the beginning left out"
    if len(score.meters) > 1:
        others = ", ".join(f"{a}/{b}" for a, b in score.meters[1:])
        yield f"bars of {others} counted as {score.meters[0][0]}/{score.meters[0][1]}"
