"""Reading a tune of one's own, to be scored or gone on from: what is kept, and what was changed.

Reading to learn from may drop and bend what does not fit; whoever hands over one tune is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, Note, encode
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.midi import end_of_midi
from sequence_tutor.melody.reading.corpus import read_scores
from sequence_tutor.melody.reading.extraction import (
    ExtractionSettings,
    fitting_octaves,
    into_range,
    melody_part,
    quantise,
)
from sequence_tutor.melody.reading.keys import key_of
from sequence_tutor.melody.reading.score import Part, Score, counted
from sequence_tutor.melody.reading.sources import MIDI_SUFFIXES, read_sources
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import signature_of

LONGEST = 512
"""Most sixteenths of a tune: 32 bars of 4/4."""

_MOST_BARS_OF_REST = 2
"""At the end of a tune; of more what fills its last bar is kept."""

_MOVED = 0.1 / STEPS_PER_QUARTER
"""Quarter notes that an onset may lie beside the grid without being moved, a tenth of a step."""


@dataclass(frozen=True)
class OwnTune:
    """One tune as it stands in its file, on the sixteenth grid.

    Attributes:
        name: of the file, and the number in a tune book.
        notes: the melody at concert pitch; the first one begins at step 0.
        steps: sixteenths from the first note to the end of the tune.
        key: of the notes.
        key_is_named: whether the file names it; else its notes tell.
        meters: as the file has them.
        downbeat: the step at which a bar begins; below 0 where the first note comes after it.
        changes: what reading changed, a phrase each.
    """

    name: str
    notes: tuple[Note, ...]
    steps: int
    key: Key
    key_is_named: bool
    meters: tuple[tuple[int, int], ...]
    downbeat: int
    changes: tuple[str, ...]

    @property
    def meter(self) -> Meter | None:
        """The first one; None where its bars are no whole sixteenths."""
        return Meter.of_pair(self.meters[0])

    def upbeat(self, meter: Meter) -> int:
        """Sixteenths before the first bar line."""
        return self.downbeat % meter.steps

    def octaves(self, semitones: int = 0) -> int:
        """The octaves that bring most of its notes into range, once it is moved by semitones."""
        return fitting_octaves([note.pitch + semitones for note in self.notes])

    def judged_octaves(self) -> int:
        """The octaves that it is moved by to be judged: none while most of its notes are in range.

        A tune that fits but for a few notes stays where it stands; those few are folded.
        """
        inside = sum(note.pitch == into_range(note.pitch) for note in self.notes)
        return 0 if 2 * inside > len(self.notes) else self.octaves()

    def tokens(self, semitones: int = 0) -> list[int]:
        """The melody moved by semitones; notes that leave the range come back by octaves."""
        return encode(
            [note._replace(pitch=into_range(note.pitch + semitones)) for note in self.notes],
            self.steps,
        )

    def folded(self, semitones: int = 0) -> int:
        """How many notes come back by octaves."""
        moved = [note.pitch + semitones for note in self.notes]
        return sum(pitch != into_range(pitch) for pitch in moved)

    def said(self, changes: Sequence[str] = ()) -> str:
        """What was read and what was changed, in a line."""
        found = "" if self.key_is_named else ", as its notes tell"
        facts = [f"{counted(len(self.notes), 'note')} in {signature_of(self.key)}{found}"]
        upbeat = self.upbeat(self.meter) if self.meter else 0
        facts += [f"an upbeat of {counted(upbeat, 'sixteenth')}"] if upbeat else []
        return f"{self.name}: " + "; ".join([*facts, *self.changes, *changes])


def own_tunes(path: Path) -> Iterator[OwnTune]:
    """The tunes of a MIDI, ABC or MusicXML file, each as it stands there.

    Raises:
        UserError: the file cannot be read, or a tune has no melody of 1 to `LONGEST` sixteenths.
    """
    for file in read_sources([path]):
        if file.problem:
            raise UserError(f"{file.name}: {file.problem}")
        for name, score in read_scores(file):
            with door(name):
                end = end_of_midi(file.data) if _is_midi(file.name) else score.end
                tune = own_tune(replace(score, end=end), name)
            if tune.steps > LONGEST:
                raise UserError(f"{name}: {tune.steps} tokens, expected 1 to {LONGEST}")
            yield tune


def _is_midi(name: str) -> bool:
    return name.lower().endswith(MIDI_SUFFIXES)


def own_tune(score: Score, name: str) -> OwnTune:
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
    steps, rest = _ending(score, first, kept[-1].end, downbeat)
    return OwnTune(
        name,
        kept,
        steps,
        key_of(kept, score.key),
        score.key is not None,
        score.meters,
        downbeat,
        (
            *score.left_out,
            *_of_parts(score, part),
            *_of_chords(part, notes),
            *_of_rhythm(part),
            *_of_bars(score, first),
            *rest,
        ),
    )


def _step(quarters: float) -> int:
    return int(np.floor(quarters * STEPS_PER_QUARTER + 0.5))


def _ending(score: Score, first: int, end: int, downbeat: int) -> tuple[int, tuple[str, ...]]:
    """Steps of the whole with its last rest, and what was cut of that.

    Empty bars after the tune, of which new scores of notation programs are full, are none of it.
    """
    steps = max(end, end if score.end is None else _step(score.end) - first)
    meter = Meter.of_pair(score.meters[0])
    bar = COMMON.steps if meter is None else meter.steps
    if steps - end <= _MOST_BARS_OF_REST * bar:
        return steps, ()
    kept = end + (downbeat - end) % bar
    return kept, (f"a rest of {counted(steps - kept, 'sixteenth')} at the end left out",)


def _of_parts(score: Score, part: Part) -> tuple[str, ...]:
    if len(score.parts) == 1:
        return ()
    place = next(place for place, one in enumerate(score.parts, start=1) if one is part)
    name = f" ({part.name})" if part.name.isprintable() and part.name.strip() else ""
    return (f"part {place} of {len(score.parts)}{name} taken, the others left out",)


def _of_chords(part: Part, notes: Sequence[Note]) -> tuple[str, ...]:
    """Notes that a single voice has no room for, and those that it cuts."""
    onsets = len(np.unique(np.round(part.starts, 3)))
    chords, rest = len(part) - onsets, onsets - len(notes)
    said = []
    if chords > 0:
        said.append(f"{counted(chords, 'lower note')} of chords left out")
    if rest > 0:
        said.append(f"{counted(rest, 'note')} under a longer one or within one sixteenth left out")
    until = {(_step(start), pitch): end for start, end, pitch in _rows(part)}
    cut = sum(
        until.get((note.start, note.pitch), 0.0) * STEPS_PER_QUARTER > note.end + 0.6
        for note in notes
    )
    if cut:
        said.append(f"{counted(cut, 'note')} cut short by the next")
    return tuple(said)


def _rows(part: Part) -> list[tuple[float, float, int]]:
    return list(zip(part.starts.tolist(), part.ends.tolist(), part.pitches.tolist(), strict=True))


def _of_rhythm(part: Part) -> tuple[str, ...]:
    """Onsets that are on no sixteenth; a third or a sixth of a beat is a triplet's."""
    beside = np.abs(part.starts * STEPS_PER_QUARTER - np.rint(part.starts * STEPS_PER_QUARTER))
    moved = beside / STEPS_PER_QUARTER > _MOVED
    thirds = np.abs(part.starts * 6 - np.rint(part.starts * 6)) / 6 <= _MOVED
    triplets, others = int((moved & thirds).sum()), int((moved & ~thirds).sum())
    said = []
    if triplets:
        said.append(f"{counted(triplets, 'note')} of triplets moved to sixteenths")
    if others:
        said.append(f"{counted(others, 'note')} moved to the nearest sixteenth")
    return tuple(said)


def _of_bars(score: Score, first: int) -> tuple[str, ...]:
    said = []
    meter = Meter.of_pair(score.meters[0])
    if meter is not None and first >= meter.steps:
        said.append(f"{counted(first // meter.steps, 'bar')} of rest at the beginning left out")
    if len(score.meters) > 1:
        others = ", ".join(f"{a}/{b}" for a, b in score.meters[1:])
        said.append(f"bars of {others} counted as {score.meters[0][0]}/{score.meters[0][1]}")
    return tuple(said)
