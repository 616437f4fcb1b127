"""One voice's symbols made into measures, with durations and written pitches.

Source: the ABC standard 2.1, sections 4.2 to 4.17 and 7.4. The sounding pitch may depend on the
tie that leads to a note, and so on the order of playing, which `playing` works out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc.fields import WHOLE, Context
from sequence_tutor.melody.reading.abc.keys import alteration_of
from sequence_tutor.melody.reading.abc.symbols import (
    AbcNote,
    Bar,
    Broken,
    ChordSymbol,
    GraceNotes,
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
    """A pitch as written, before accidentals of earlier notes.

    Attributes:
        place: letter and octave, which ties connect.
        natural: MIDI number of the letter without accidentals, as it sounds.
        by_key: semitones added by the key.
        mark: semitones added by an accidental before the note; None: there is none.
        lasting: identifies the later notes that the accidental alters in its bar; None: none.
        tied: to the next sound.
    """

    place: tuple[str, int]
    natural: int
    by_key: int
    mark: int | None
    lasting: Hashable
    tied: bool


@dataclass(slots=True)
class Event:
    """A note, a chord, or a rest if `pitches` is empty; the duration is in ticks.

    Grace notes have duration 0: they do not sound, but their accidentals hold. `chord` is the text
    above it in quotation marks.
    """

    pitches: tuple[Pitch, ...]
    duration: int
    tied: bool = False
    chord: str = ""


@dataclass(slots=True)
class Measure:
    """The events between two bar lines, with the repeats of these.

    Attributes:
        layers: the events in order, then those of each overlay.
        opens: above 0 where a repeat begins; how often it is played again.
        closes: how often to go back at the end.
        ending: the passes in which it is played; empty: all.
        ends_section: whether it ends in a double bar or a repeat sign.
        meter: None if it is empty.
    """

    layers: list[list[Event]] = field(default_factory=lambda: [[]])
    opens: int = 0
    closes: int = 0
    ending: frozenset[int] = frozenset()
    ends_section: bool = False
    meter: tuple[int, int] | None = None


class VoiceReader:
    """Reads the music of one voice, line by line and section by section.

    Attributes:
        context: set by fields between lines.
        sections: the measures of each section, in order of appearance.
        key: at the first note, as it sounds; None if it is not a usual one.
        graces: number of grace notes.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.sections: dict[Hashable, list[Measure]] = {}
        self.key: WrittenKey | None = None
        self.graces = 0
        self._begun = False  # whether there has been a note
        self._measures: list[Measure] = []
        self._overlaid: deque[Measure] = deque()  # the rest of the measures of an overlay
        self._layer = 0
        self._last: Event | None = None  # for ties and broken rhythm
        self._tuplet = (1, 1, 0)  # factor as (numerator, denominator), notes left
        self._broken = 0  # as `Broken`, applied at the next note
        self._symbols = 0
        self._chord = ""  # above the next note
        self._pitches_of: dict[tuple[AbcNote, ...], tuple[Pitch, ...]] = {}  # in this context

    def read(self, text: str, section: Hashable) -> None:
        """Add a line, or a piece of one, to a section.

        Raises:
            UserError: when the voice has more than `MOST_SYMBOLS`.
        """
        if section not in self.sections:
            self.sections[section] = [Measure()]
            self._end_overlay()
        self._measures = self.sections[section]
        self._pitches_of.clear()  # fields may have changed the context
        for symbol in read_symbols(text):
            self._symbols += 1
            if self._symbols > MOST_SYMBOLS:
                raise UserError(f"more than {MOST_SYMBOLS} notes and signs in one voice")
            if isinstance(symbol, Sound):
                self._add(symbol)
            elif isinstance(symbol, Bar):
                self._bar(symbol)
            elif isinstance(symbol, ChordSymbol):
                self._chord = symbol.text
            elif isinstance(symbol, Tie):
                if self._last is not None:
                    self._last.tied = True
            elif isinstance(symbol, Broken):
                self._broken = symbol.signs
            elif isinstance(symbol, Tuplet):
                beats = self.context.meter[0]
                compound = 3 if beats > 3 and beats % 3 == 0 else 2
                time = symbol.time or _TUPLET_TIME.get(symbol.notes, compound)
                self._tuplet = (time, symbol.notes, symbol.extent)
            elif isinstance(symbol, GraceNotes):
                self.graces += len(symbol.notes)
                self._events().append(Event(self._pitches(symbol.notes), 0))
            else:
                self._start_overlay(symbol)

    def _events(self) -> list[Event]:
        """The events that the next one is appended to."""
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
        # between notes of different lengths it is undefined, and bars are full without it
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
        event.chord, self._chord = self._chord, ""
        self._events().append(event)
        if self._here().meter is None:
            self._here().meter = self.context.meter
        self._last = event

    def _pitches(self, notes: tuple[AbcNote, ...]) -> tuple[Pitch, ...]:
        if notes not in self._pitches_of:
            pitches = tuple(self._pitch(note) for note in notes if note.letter not in "xzXZ")
            self._pitches_of[notes] = pitches
        return self._pitches_of[notes]

    def _pitch(self, note: AbcNote) -> Pitch:
        letter = note.letter.upper()
        octave = 5 + note.letter.islower() + note.octaves
        place = (letter, octave)
        where = {"octave": place, "pitch": letter}.get(self.context.accidentals)
        lasting = None if where is None else (self.context.keys, where)
        natural = 12 * octave + NATURALS[letter] + self.context.pitching.total
        by_key = self.context.key.alterations.get(letter, 0)
        mark = alteration_of(note.mark) if note.mark else None
        return Pitch(place, natural, by_key, mark, lasting, note.tied)

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
        if len(self._overlaid) > 1:  # this bar line exists already
            self._overlaid.popleft()
            return
        self._end_overlay()
        last = self._measures[-1]
        before = self._measures[-2] if len(self._measures) > 1 else None
        if before is not None and not bar.closes and last.layers == [[]]:
            before.ends_section |= bar.double  # two bar lines in a row are one
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
            measure.ending = before.ending  # it lasts to the next double bar or repeat


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
