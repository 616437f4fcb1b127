"""One voice's symbols made into measures: lengths worked out, pitches as far as the page goes.

Source: the ABC standard 2.1, sections 4.2 to 4.17 and 7.4. What a note sounds like may depend on
the tie that leads to it, and so on the order of playing; `playing` decides that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc.fields import WHOLE, Pitching
from sequence_tutor.melody.reading.abc.keys import ALTERATIONS, AbcKey
from sequence_tutor.melody.reading.abc.symbols import (
    Bar,
    Broken,
    GraceNotes,
    Note,
    Overlay,
    Sound,
    Tie,
    Tuplet,
    read_symbols,
)
from sequence_tutor.melody.reading.score import WrittenKey
from sequence_tutor.melody.scales import NATURALS

MOST_SYMBOLS = 100_000
"""Notes, rests, bar lines and other signs of one voice; the longest real ones have some 5,000."""

_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_MOST_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Pitch:
    """A note's height as far as it is known from its own sign and the key.

    Attributes:
        place: letter and octave, which a tie leads from and to.
        natural: MIDI number of the letter alone, as it sounds.
        by_key: semitones that the key adds.
        mark: semitones that an accidental before the note adds; None where there is none.
        lasting: under what an accidental is kept to the bar line; None: it is not kept.
        tied: into the next sound.
    """

    place: tuple[str, int]
    natural: int
    by_key: int
    mark: int | None
    lasting: Hashable
    tied: bool


@dataclass(slots=True)
class Event:
    """A note, a chord, or a rest when `pitches` is empty; the duration is in ticks.

    Grace notes have none: they do not sound, but their accidentals last.
    """

    pitches: tuple[Pitch, ...]
    duration: int
    tied: bool = False


@dataclass(slots=True)
class Measure:
    """The events between two bar lines, and what the bar lines say.

    Attributes:
        layers: the events in order, and then those of each overlay.
        opens: a repeat begins here, to be played so many times more.
        closes: go back at the end, so many times.
        ending: the passes on which it is played; empty means all.
        ends_section: a double bar, or a repeat sign, stands at its end.
        meter: in which it was written; None where it is empty.
    """

    layers: list[list[Event]] = field(default_factory=lambda: [[]])
    opens: int = 0
    closes: int = 0
    ending: frozenset[int] = frozenset()
    ends_section: bool = False
    meter: tuple[int, int] | None = None


@dataclass
class Context:
    """What fields have said by now, and what a new voice begins with.

    Attributes:
        key: of the last ``K:`` field that named one.
        unit: ticks of the unit note length.
        meter: the last that was not free.
        pitching: how far the voice sounds from its notes.
        accidentals: for which notes up to the bar line an accidental holds: those of every octave
            ("pitch"), of its own ("octave"), or "not" beyond its own note.
        keys: how often the key has changed, which ends what accidentals have done.
    """

    key: AbcKey
    unit: int
    meter: tuple[int, int]
    pitching: Pitching
    accidentals: str = "pitch"
    keys: int = 0

    def copy(self) -> Context:
        """One that may change alone."""
        return replace(self, pitching=self.pitching.copy())


class VoiceReader:
    """Reads the music of one voice, line by line and section by section.

    Attributes:
        context: what the fields have said; to be changed between lines.
        sections: the measures of each section, in order of appearance.
        key: at the first note, as it sounds; None where there is none of the usual ones.
        graces: grace notes passed over.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.sections: dict[Hashable, list[Measure]] = {}
        self.key: WrittenKey | None = None
        self.graces = 0
        self._begun = False  # whether there has been a note
        self._measures: list[Measure] = []
        self._overlaid: deque[Measure] = deque()  # the measures an overlay has still to go through
        self._layer = 0
        self._last: Event | None = None  # what a tie or a sign of broken rhythm refers to
        self._tuplet = (1, 1, 0)  # factor as (numerator, denominator), notes left
        self._broken = 0  # as `Broken`: to be done when the next note is there
        self._symbols = 0
        self._found: dict[tuple[Note, ...], tuple[Pitch, ...]] = {}  # in this context

    def read(self, text: str, section: Hashable) -> None:
        """Add a line, or a piece of one, to a section.

        Raises:
            UserError: when the voice has more than `MOST_SYMBOLS`.
        """
        if section not in self.sections:
            self.sections[section] = [Measure()]
            self._end_overlay()
        self._measures = self.sections[section]
        self._found.clear()  # fields may have changed the context since
        for symbol in read_symbols(text):
            self._symbols += 1
            if self._symbols > MOST_SYMBOLS:
                raise UserError(f"more than {MOST_SYMBOLS} notes and signs in one voice")
            if isinstance(symbol, Sound):
                self._add(symbol)
            elif isinstance(symbol, Bar):
                self._bar(symbol)
            elif isinstance(symbol, Tie):
                if self._last is not None:
                    self._last.tied = True
            elif isinstance(symbol, Broken):
                self._broken = symbol.signs
            elif isinstance(symbol, Tuplet):
                self._start_tuplet(symbol)
            elif isinstance(symbol, GraceNotes):
                self.graces += len(symbol.notes)
                self._events().append(Event(self._pitches(symbol.notes), 0))
            else:
                self._start_overlay(symbol)

    def _events(self) -> list[Event]:
        """Where the next event belongs."""
        layers = self._here().layers
        while len(layers) <= self._layer:
            layers.append([])
        return layers[self._layer]

    def _here(self) -> Measure:
        return self._overlaid[0] if self._overlaid else self._measures[-1]

    def _add(self, sound: Sound) -> None:
        first = sound.notes[0]
        numerator, denominator = self.context.meter
        if first.letter in "XZ":  # whole measures of rest
            bars = _scaled(1, first.length) or 1
            self._append(Event((), bars * WHOLE * numerator // denominator))
            return
        duration = _scaled(_scaled(self.context.unit, first.length), sound.length)
        above, below, left = self._tuplet
        if left:
            duration = duration * above // below
            self._tuplet = (above, below, left - 1)
        # between notes of different lengths the result is undefined, and bars are full without it
        if self._broken and self._last is not None and self._last.duration == duration:
            short = duration >> abs(self._broken)
            both = (2 * duration - short, short)
            self._last.duration, duration = both if self._broken > 0 else both[::-1]
        self._broken = 0
        pitches = self._pitches(sound.notes)
        if pitches and not self._begun:
            self._begun = True
            written = self.context.key.written
            self.key = written and written.moved(self.context.pitching.total)
        self._append(Event(pitches, duration))

    def _append(self, event: Event) -> None:
        self._events().append(event)
        if self._here().meter is None:
            self._here().meter = self.context.meter
        self._last = event

    def _pitches(self, notes: tuple[Note, ...]) -> tuple[Pitch, ...]:
        found = self._found.get(notes)
        if found is None:
            found = tuple(self._pitch(note) for note in notes if note.letter not in "xzXZ")
            self._found[notes] = found
        return found

    def _pitch(self, note: Note) -> Pitch:
        letter = note.letter.upper()
        octave = 5 + note.letter.islower() + note.octaves
        place = (letter, octave)
        where = {"octave": place, "pitch": letter}.get(self.context.accidentals)
        lasting = None if where is None else (self.context.keys, where)
        natural = 12 * octave + NATURALS[letter] + self.context.pitching.total
        by_key = self.context.key.alterations.get(letter, 0)
        return Pitch(place, natural, by_key, _alteration(note.mark), lasting, note.tied)

    def _start_tuplet(self, tuplet: Tuplet) -> None:
        beats = self.context.meter[0]
        otherwise = 3 if beats > 3 and beats % 3 == 0 else 2  # three in compound meters
        time = tuplet.time or _TUPLET_TIME.get(tuplet.notes, otherwise)
        self._tuplet = (time, tuplet.notes, tuplet.count)

    def _start_overlay(self, overlay: Overlay) -> None:
        here = self._here()
        self._layer = min(self._layer + 1, _MOST_LAYERS)
        bars = [here] if self._overlaid else self._measures[-overlay.bars :]
        self._overlaid = deque(bars)
        self._last = None

    def _end_overlay(self) -> None:
        self._overlaid.clear()
        self._layer = 0

    def _bar(self, bar: Bar) -> None:
        if len(self._overlaid) > 1:  # the bar line stands there already
            self._overlaid.popleft()
            return
        self._end_overlay()
        last = self._measures[-1]
        before = self._measures[-2] if len(self._measures) > 1 else None
        if before is not None and not bar.closes and last.layers == [[]]:
            before.ends_section |= bar.double  # two bar lines with nothing between are one
            measure = last
        else:
            last.closes = max(last.closes, bar.closes)
            last.ends_section |= bar.double
            measure = Measure()
            self._measures.append(measure)
            before = last
        measure.opens = max(measure.opens, bar.opens)
        if bar.ending:
            measure.ending = bar.ending
        elif before.ends_section:
            measure.ending = frozenset()
        elif not measure.ending:
            measure.ending = before.ending  # an ending goes on to the next double bar or repeat


@lru_cache(maxsize=4096)
def _scaled(duration: int, length: str) -> int:
    """A length such as ``3``, ``/``, ``3/4`` or ``//`` of a duration."""
    if not length:
        return duration
    times, slash, over = length.partition("/")
    slashes = len(over) - len(over.lstrip("/")) + 1 if slash else 0
    number = over.lstrip("/")
    divisor = int(number) if number else 2**slashes
    return duration * int(times or 1) // max(1, divisor)


def _alteration(mark: str) -> int | None:
    """Semitones of an accidental; quarter tones go to the semitone towards the natural."""
    if not mark:
        return None
    signs = mark.rstrip("0123456789/")
    alteration = ALTERATIONS[signs]
    fraction = mark[len(signs) :]
    if not fraction:
        return alteration
    times, slash, over = fraction.partition("/")
    divisor = int(over.lstrip("/") or 2) if slash else 1
    return (
        alteration * int(times or 1) // max(1, divisor)
        if alteration > 0
        else -(-alteration * int(times or 1) // max(1, divisor))
    )
