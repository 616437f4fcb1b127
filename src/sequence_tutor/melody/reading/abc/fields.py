"""The values of fields: meter, unit length, parts, and the transposition of a voice.

Source: the ABC standard 2.1, sections 3.1.6, 3.1.7, 3.1.9 and 4.6; ``sound=`` and ``shift=`` are of
the draft of 2.2, ``%%MIDI`` of abc2midi.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Self

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc.keys import ALTERATIONS, AbcKey, read_key
from sequence_tutor.melody.reading.abc.tune_book import AbcLine
from sequence_tutor.melody.reading.score import tempo_of
from sequence_tutor.melody.scales import NATURALS

# Ticks of a whole note: divisible by every power of two to 4096, and by every number to 15.
WHOLE = 4096 * 9 * 5 * 7 * 11 * 13
MOST_PARTS = 10_000
"""Parts that a ``P:`` field may play out to."""

_METER = re.compile(r"\s*\(?(\d{1,2}(?:\s?\+\s?\d{1,2}){0,8})\)?\s?/\s?(\d{1,3})")
_UNIT = re.compile(r"\s*(\d{1,3})(?:\s?/\s?(\d{1,4}))?")
_TEMPO = re.compile(r"(\d{1,3})\s?/\s?(\d{1,3})\s?=\s?(\d{1,4}(?:\.\d{1,6})?)")
_PROPERTY = re.compile(r"""([A-Za-z]{1,20})=("[^"]{0,400}"|[^\s"]{1,400})""")
_CLEFS = "treble|alto|tenor|bass|soprano|mezzosoprano|baritone|perc|none|auto|[GCFP]"
_CLEF = re.compile(rf"({_CLEFS})?[1-5]?([+-]8|[+-]15)?", re.IGNORECASE)
_PITCH = re.compile(r"(\^{1,2}|_{1,2}|=)?([A-Ga-g])([,']{0,5})")
_PARTS = re.compile(r"[A-Za-z]|[()]|\d{1,9}")


def parse_meter(text: str) -> tuple[int, int] | None:
    """The numbers of an ``M:`` field, or None where it is free or unreadable."""
    common = {"C": (4, 4), "C|": (2, 2)}.get(text.strip())
    if common is not None:
        return common
    match = _METER.match(text)
    if match is None:
        return None
    numerator, denominator = sum(map(int, match[1].split("+"))), int(match[2])
    return (numerator, denominator) if numerator and denominator else None


def parse_unit(text: str) -> int | None:
    """The ticks of an ``L:`` field such as 1/8, or None where it is unreadable."""
    match = _UNIT.match(text)
    if match is None or int(match[2] or 1) == 0:
        return None
    return WHOLE * int(match[1]) // int(match[2] or 1) or None


def parse_tempo(text: str) -> float | None:
    """Quarter notes a minute of a ``Q:`` such as ``1/4=120``; None if it gives no such number."""
    found = _TEMPO.search(text)
    if found is None:
        return None
    numerator, denominator = int(found[1]), int(found[2])
    return tempo_of(4 * numerator / denominator * float(found[3])) if denominator else None


def parse_parts(text: str) -> list[str]:
    """The letters of a ``P:`` field in playing order: ``A2(BC)3`` is A A B C B C B C.

    Empty if the field is no order of parts, such as a title.

    Raises:
        UserError: when it plays out to more than `MOST_PARTS`.
    """
    wanted = re.sub(r"[\s.,*]", "", text)
    tokens = _PARTS.findall(wanted)
    if "".join(tokens) != wanted:
        return []
    groups: list[list[str]] = [[]]
    last: list[str] = []  # what a number repeats
    for token in tokens:
        if token == "(":
            groups.append([])
            last = []
            continue
        if token == ")":
            if len(groups) == 1:
                return []
            last = groups.pop()
        elif token.isdigit():
            last = last * min(max(0, int(token) - 1), MOST_PARTS // max(1, len(last)) + 1)
        else:
            last = [token]
        groups[-1] += last
        if len(groups[-1]) > MOST_PARTS:
            raise UserError(f"the P: field plays more than {MOST_PARTS} parts")
    return groups[0] if len(groups) == 1 else []


@dataclass
class Pitching:
    """The transposition of a voice.

    Attributes:
        semitones: by cause: "transpose", "octave", "clef", "sound" or "midi".
        percussion: whether it is a voice of drums, without pitches.
    """

    semitones: dict[str, int] = field(default_factory=dict)
    percussion: bool = False

    @property
    def total(self) -> int:
        """Semitones added to every note."""
        return sum(self.semitones.values())

    def copy(self) -> Self:
        """An independent copy."""
        return type(self)(dict(self.semitones), self.percussion)

    def follow(self, text: str) -> bool:
        """Apply a ``K:`` or ``V:`` field; whether it has a clef or anything like ``name=value``."""
        properties = {name.lower(): value for name, value in _PROPERTY.findall(text)}
        words = _PROPERTY.sub(" ", text).split()
        clefs = [word for word in words[-4:] if len(word) > 1 and _CLEF.fullmatch(word)]
        for clef in (*clefs, properties.get("clef")):
            match = _CLEF.fullmatch((clef or "").strip('"'))
            if clef is not None and match is not None:
                self.semitones["clef"] = {"8": 12, "15": 24}.get((match[2] or "+0")[1:], 0)
                self.semitones["clef"] *= -1 if (match[2] or "").startswith("-") else 1
                self.percussion = (match[1] or "").lower() in ("perc", "p")
        for name, unit in (("transpose", 1), ("octave", 12)):
            number = _number(properties.get(name, ""))
            if number is not None:
                self.semitones[name] = unit * number
        interval = _interval(properties.get("sound") or properties.get("shift") or "")
        if interval is not None:
            self.semitones["sound"] = interval
        return bool(clefs or properties)

    def follow_directive(self, words: list[str]) -> None:
        """Apply ``transpose``, ``rtranspose`` or ``channel 10`` of ``%%MIDI``."""
        number = _number(words[1]) if len(words) > 1 else None
        if number is not None and words[0] in ("transpose", "rtranspose"):
            before = self.semitones.get("midi", 0) if words[0] == "rtranspose" else 0
            self.semitones["midi"] = before + number
        elif number is not None and words[0] == "channel":
            self.percussion = number == 10


@dataclass
class Context:
    """The state that fields set for the music after them.

    Attributes:
        key: of the last ``K:`` field that named one.
        unit: ticks of the unit note length.
        meter: the last that was not free.
        pitching: semitones from the written to the sounding notes.
        accidentals: the notes that an accidental alters up to the bar line: those of every octave
            ("pitch"), of its own octave ("octave"), or only its own note ("not").
        keys: how often the key has changed; a change ends the effect of accidentals.
    """

    key: AbcKey
    unit: int
    meter: tuple[int, int]
    pitching: Pitching
    accidentals: str = "pitch"
    keys: int = 0

    def copy(self) -> Self:
        """An independent copy."""
        return replace(self, pitching=self.pitching.copy())

    def follow(self, line: AbcLine) -> None:
        """Apply a field."""
        if line.name == "K":
            key = read_key(line.value)
            if key is not None:
                self.key = key
                self.keys += 1
            self.pitching.follow(line.value)
        elif line.name == "V":
            self.pitching.follow(line.value.partition(" ")[2])
        elif line.name == "L":
            self.unit = parse_unit(line.value) or self.unit
        elif line.name == "M":
            self.meter = parse_meter(line.value) or self.meter
        elif line.name == "I":
            words = line.value.replace("=", " ").split()
            if len(words) > 1 and words[0] == "MIDI":
                self.pitching.follow_directive(words[1:])
            elif len(words) > 1 and words[0] == "propagate-accidentals":
                self.accidentals = words[1]


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d{1,3}", text.strip('"')) else None


def _interval(text: str) -> int | None:
    """Semitones from the first to the second of two notes; from ``c`` to a single one."""
    text = text.strip('"')
    notes = list(_PITCH.finditer(text))
    if not 1 <= len(notes) <= 2 or "".join(note[0] for note in notes) != text:
        return None
    heights = [
        NATURALS[note[2].upper()]
        + 12 * (note[2].islower() + note[3].count("'") - note[3].count(","))
        + ALTERATIONS.get(note[1], 0)
        for note in notes
    ]
    return heights[1] - heights[0] if len(heights) == 2 else heights[0] - 12
