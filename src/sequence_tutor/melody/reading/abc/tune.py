"""A tune: its fields and lines of music assigned to voices, and the voices played out.

Source: the ABC standard 2.1, sections 3.1.9, 3.2 and 7. What it leaves open is read so:

1. A field in the body changes the current voice, or all voices before the first one.
2. Music before the first ``V:`` of the body belongs to the first voice that the header names, else
   to voice 1.
3. If a part is written several times, its first, second, ... performance plays the first, second,
   ... version.
4. A voice without music in a part rests through it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sequence_tutor.errors import UserError
from sequence_tutor.melody.chords import NO_CHORD, parse_chord
from sequence_tutor.melody.reading.abc.fields import (
    WHOLE,
    Context,
    Pitching,
    parse_meter,
    parse_parts,
    parse_tempo,
    parse_unit,
)
from sequence_tutor.melody.reading.abc.keys import AbcKey, read_key
from sequence_tutor.melody.reading.abc.measures import Event, Measure, VoiceReader
from sequence_tutor.melody.reading.abc.playing import MOST_EVENTS, Played, in_order, sound
from sequence_tutor.melody.reading.abc.tune_book import MUSIC, AbcLine, tunes
from sequence_tutor.melody.reading.score import (
    MOST_CHORDS,
    Part,
    TuneScore,
    counted,
    meters_in_force,
)

MOST_VOICES = 256

_INLINE = re.compile(r'"[^"]{0,400}"|\[([A-Za-z]):([^\]]{0,400})\]')
_CHANGING = frozenset("IKLMPV")
_SHORT = 0.75  # of a whole note: meters below have a sixteenth as their unit length

Section = tuple[str, int]
"""The label of a part, and the number of its version."""


def read_abc(data: bytes, name: str) -> Iterator[tuple[str, TuneScore]]:
    """Every tune of a tune book, as (`name`#number, score); repeats and parts are played out.

    A tune that cannot be read gives a score with its problem.

    Args:
        data: the whole file, in UTF-8, UTF-16 or Latin-1.
        name: of the file, for messages.

    Raises:
        UserError: when the file holds no tune, or too many.
    """
    try:
        book = tunes(data)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    found = False
    for tune in book:
        try:
            text = tune.read()
            if not text.has_key and not (text.body and tune.number):
                continue  # a book's title, or no ABC at all
            reader = _TuneReader(text.header)
            for line in text.body:
                reader.take(line)
            score = reader.score()
        except UserError as error:
            score = TuneScore((), problem=str(error))
        found = True
        yield f"{name}#{tune.number or 1}", score
    if not found:
        raise UserError(f"{name}: no tune in it, expected ABC with X: and K: fields")


class _TuneReader:
    """Assigns the lines of one tune to its voices."""

    def __init__(self, header: list[AbcLine]) -> None:
        fields = {line.name: line.value for line in header}
        meter = parse_meter(fields.get("M", "")) or (4, 4)
        unit = parse_unit(fields.get("L", ""))
        if unit is None:
            unit = WHOLE // (16 if meter[0] / meter[1] < _SHORT else 8)
        if "K" not in fields:
            raise UserError("no K: field, expected one such as K:G or K:Ddor")
        self._first = Context(AbcKey(), unit, meter, Pitching())
        self._order = fields.get("P", "")
        self._tempo = parse_tempo(fields.get("Q", ""))
        self._declared: dict[str, list[AbcLine]] = {}  # voice -> its fields in the header
        self._voices: dict[str, VoiceReader] = {}
        self._voice = ""
        self._label = ""
        self._section: Section | None = ("", 1)  # None: to be set by the next music
        self._sections: dict[Section, None] = {("", 1): None}
        self._unread: list[str] = []  # music since the last field
        self._labels: dict[str, Counter[str]] = {}  # voice -> versions of each part
        for line in header:
            self._take_header(line)
        self._voice = next(iter(self._declared), "")

    def _take_header(self, line: AbcLine) -> None:
        if line.name == "V" and line.value:
            self._voice = line.value.split()[0]
            self._declared.setdefault(self._voice, []).append(line)
        elif line.name == "I" and self._voice:
            self._declared[self._voice].append(line)
        elif line.name == "K":
            key = read_key(line.value)
            self._first.key = key or AbcKey()
            if not self._first.pitching.follow(line.value) and key is None:
                raise UserError(
                    f"K: {line.value[:40]!r} names no key, expected one such as G, F#m or Ddor"
                )
        elif line.name == "I":
            self._first.follow(line)

    def take(self, line: AbcLine) -> None:
        """Take a line of the body."""
        if line.name != MUSIC:
            self._field(line)
            return
        position = 0
        for match in _INLINE.finditer(line.value):
            if match[1] is not None:
                self._unread.append(line.value[position : match.start()])
                self._field(AbcLine(match[1], match[2].strip()))
                position = match.end()
        self._unread.append(line.value[position:])

    def _field(self, line: AbcLine) -> None:
        if line.name in _CHANGING:
            self._flush()
        if line.name == "V" and line.value:
            self._voice = line.value.split()[0]
            if self._voice == "1" and "" in self._voices and "1" not in self._voices:
                self._voices = {name or "1": voice for name, voice in self._voices.items()}
                self._labels["1"] = self._labels.pop("", Counter())
            self._open().context.follow(line)
        elif line.name == "P":
            self._label, self._section = line.value.rstrip("."), None
        elif line.name in ("I", "K", "L", "M"):
            (self._open().context if self._voices else self._first).follow(line)

    def _flush(self) -> None:
        """Let the current voice read the music since the last field."""
        text = "\n".join(self._unread).replace("\\\n", " ")
        self._unread.clear()
        if not text.strip():
            return
        if self._section is None:
            labels = self._labels.setdefault(self._voice, Counter())
            labels[self._label] += 1
            self._section = (self._label, labels[self._label])
            self._sections.setdefault(self._section)
        self._open().read(text, self._section)

    def _open(self) -> VoiceReader:
        """The reader of the current voice."""
        if self._voice not in self._voices:
            if len(self._voices) == MOST_VOICES:
                raise UserError(f"more than {MOST_VOICES} voices")
            context = self._first.copy()
            for line in self._declared.get(self._voice, ()):
                context.follow(line)
            self._voices[self._voice] = VoiceReader(context)
        return self._voices[self._voice]

    def score(self) -> TuneScore:
        """The voices, played out.

        Raises:
            UserError: when they play out to too many events.
        """
        self._flush()
        order = self._playing_order()
        sounding: dict[str, Played] = {}
        left = MOST_EVENTS
        for name, voice in self._voices.items():
            played = sound(self._played(voice, order), left)
            left -= played.events
            if any(played.layers) and not voice.context.pitching.percussion:
                sounding[name] = played
        parts = tuple(
            Part.from_notes(f"{name}&{number}" if number else name, notes)
            for name, played in sounding.items()
            for number, notes in enumerate(played.layers)
            if notes
        )
        if not parts:
            return TuneScore((), (self._first.meter,))
        voices = [self._voices[name] for name in sounding]
        graces = sum(voice.graces for voice in voices)
        drums = any(voice.context.pitching.percussion for voice in self._voices.values())
        changes = [change for played in sounding.values() for change in played.meters]
        return TuneScore(
            parts,
            meters_in_force(changes, max(float(part.starts[-1]) for part in parts)),
            next((voice.key for voice in voices if voice.key is not None), None),
            max(played.upbeat for played in sounding.values()),
            max(played.end for played in sounding.values()),
            next((tuple(_known(p.chords)) for p in sounding.values() if p.chords), ()),
            (
                *([f"{counted(graces, 'grace note')} left out"] if graces else []),
                *(["percussion left out"] if drums else []),
            ),
            tempo=self._tempo,
        )

    def _playing_order(self) -> list[Section] | None:
        """The sections in the order of the header's ``P:``; None: as written."""
        written = Counter(label for label, _ in self._sections)
        letters = parse_parts(self._order)
        if any(letter.islower() and letter not in written for letter in letters):
            return None  # a title
        played: Counter[str] = Counter()
        order: list[Section] = [("", 1)]
        for letter in letters:
            if letter in written:
                played[letter] += 1
                order.append((letter, min(played[letter], written[letter])))
        return order if len(order) > 1 else None

    def _played(self, voice: VoiceReader, order: list[Section] | None) -> Iterator[Measure]:
        sections = {
            section: voice.sections.get(section) or self._silent(section)
            for section in self._sections
        }
        if order is not None:
            for section in order:
                yield from in_order(sections[section])
            return
        measures: list[Measure] = []
        for written in sections.values():
            if measures:
                measures[-1].ends_section = True
            measures += written
        yield from in_order(measures)

    def _silent(self, section: Section) -> list[Measure]:
        """Rests for a voice without music in a section, as long as it and with its repeats."""
        others = (
            voice.sections[section] for voice in self._voices.values() if section in voice.sections
        )
        return [
            replace(
                measure,
                layers=[[Event((), sum(event.duration for event in measure.layers[0]))]],
                meter=None,
            )
            for measure in next(others, [])
        ]


def _known(texts: Sequence[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """The texts that are chord symbols; others are annotations."""
    for time, text in texts[:MOST_CHORDS]:
        try:
            chord = parse_chord(text.strip())
        except UserError:
            continue
        yield time, NO_CHORD if chord is None else str(chord)
