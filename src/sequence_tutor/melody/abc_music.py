"""The music lines of ABC notation: symbols to measures, repeats played out, notes with times.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1, sections 4 and 7.
Read: notes, rests, chords, accidentals (lasting to the bar line, in their octave), lengths, broken
rhythm, tuplets, ties, repeats and numbered endings, and changes of key, meter and unit length.
Passed over: grace notes, chord symbols, decorations, slurs, lyrics, overlays (``&``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Ticks of a whole note: divisible by every power of two to 128, and by 3, 5, 7 and 9.
WHOLE = 128 * 315
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS = "FCGDAEB"
_MODES = {"maj": 0, "ion": 0, "": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3}
_MODES |= {"phr": -4, "loc": -5, "lyd": 1}
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}

_NOTE = r"(?P<accidental>\^{1,2}|_{1,2}|=)?(?P<letter>[A-Ga-gxzXZ])(?P<octave>[,']{0,5})"
_LENGTH = r"(?P<times>\d{0,3})(?P<slashes>/{0,6})(?P<over>\d{0,3})"
# Every quantifier is bounded, so that no text, however long, takes more than linear time.
_SYMBOL = re.compile(
    rf"""
      "[^"]{{0,400}}" | ![^!\s]{{1,40}}! | \+[a-z.]{{1,20}}\+ | \{{[^}}]{{0,400}}\}}
    | &[^|]{{0,400}}
    | \[(?P<field>[KLM]):(?P<value>[^\]]{{0,80}})\] | \[[A-Za-z]:[^\]]{{0,400}}\]
    | (?P<bar> :{{0,4}} \[?\|[|\]]{{0,3}} :{{0,4}} | :{{2,4}} )
      (?: \s{{0,9}} \[?(?P<ending>\d(?:[,-]\d){{0,8}}) )?
    | \[(?P<alone>\d(?:[,-]\d){{0,8}})
    | \((?P<p>\d)(?::(?P<q>\d?))?(?::(?P<r>\d?))?
    | \[(?P<chord>[^\]\[|]{{1,80}})\] {_LENGTH.replace("<", "<chord")}
    | {_NOTE}{_LENGTH}
    | (?P<tie>-)
    | (?P<broken><{{1,3}}|>{{1,3}})
    """,
    re.VERBOSE,
)
_CHORD_NOTE = re.compile(_NOTE + _LENGTH)


@dataclass
class Event:
    """A note, a chord, or a rest when `pitches` is empty; the duration is in ticks."""

    pitches: tuple[int, ...]
    duration: int
    tied: bool = False


@dataclass
class Measure:
    """The events between two bar lines, and what the bar lines say.

    Attributes:
        events: in order.
        opens: a repeat begins here.
        closes: go back at the end.
        ending: the passes on which it is played; empty means all.
        ends_section: a double bar, or a repeat sign, stands at its end.
    """

    events: list[Event] = field(default_factory=list)
    opens: bool = False
    closes: bool = False
    ending: frozenset[int] = frozenset()
    ends_section: bool = False


def key_signature(text: str) -> dict[str, int]:
    """Semitones by which the key of a ``K:`` field alters each letter, e.g. ``{"F": 1}`` for G.

    An unreadable key, and ``none``, alter nothing, as in C major.
    """
    if text.strip().lower().startswith("hp"):  # Highland pipes
        return {"F": 1, "C": 1}
    match = re.match(r"\s*([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if match is None or text.strip().lower() == "none":
        return {}
    letter, accidental, mode = match.groups()
    mode = "m" if mode == "m" else mode[:3].lower()
    sharps = _FIFTHS.index(letter) - 1 + {"#": 7, "b": -7, "": 0}[accidental]
    sharps += _MODES.get(mode, 0)
    order = _FIFTHS if sharps > 0 else _FIFTHS[::-1]
    return {order[n % 7]: (n // 7 + 1) * (1 if sharps > 0 else -1) for n in range(abs(sharps))}


def parse_meter(text: str) -> tuple[int, int] | None:
    """The numbers of an ``M:`` field, or None where it is free or unreadable."""
    common = {"C": (4, 4), "C|": (2, 2)}.get(text.strip())
    if common is not None:
        return common
    match = re.match(r"\s*\(?(\d{1,2}(?:\+\d{1,2}){0,8})\)?/(\d{1,3})", text)
    if match is None:
        return None
    numerator, denominator = sum(map(int, match[1].split("+"))), int(match[2])
    return (numerator, denominator) if numerator and denominator else None


def parse_unit(text: str) -> int | None:
    """The ticks of an ``L:`` field such as 1/8, or None where it is unreadable."""
    match = re.match(r"\s*(\d{1,2})(?:/(\d{1,3}))?", text)
    if match is None or int(match[2] or 1) == 0:
        return None
    return WHOLE * int(match[1]) // int(match[2] or 1) or None


class MusicReader:
    """Reads the music of one voice; `meters` collects the meters it meets."""

    def __init__(self, key: str, unit: int, meters: list[tuple[int, int]]) -> None:
        self._signature = key_signature(key)
        self._unit = unit
        self.meters = meters
        self._measures: list[Measure] = []
        self._accidentals: dict[tuple[str, int], int] = {}
        self._tuplet = (1, 1, 0)  # factor as (numerator, denominator), notes left
        self._broken = 0  # > 0: the last note was lengthened, shorten the next by as many halvings

    def read(self, text: str) -> list[Measure]:
        """The measures of one section, key and unit going on from the section before."""
        self._measures = [Measure()]
        self._accidentals = {}
        for match in _SYMBOL.finditer(text):
            groups = match.groupdict()
            if groups["letter"]:
                self._add(match, [match], "")
            elif groups["chord"]:
                self._add(match, list(_CHORD_NOTE.finditer(groups["chord"])), "chord")
            elif groups["bar"]:
                self._bar(groups["bar"], groups["ending"])
            elif groups["alone"]:
                self._start_measure(groups["alone"])
            elif groups["p"]:
                self._start_tuplet(int(groups["p"]), groups["q"], groups["r"])
            elif groups["field"]:
                self._change(groups["field"], groups["value"])
            elif groups["tie"] and self._measures[-1].events:
                self._measures[-1].events[-1].tied = True
            elif groups["broken"]:
                self._break(groups["broken"])
        return self._measures

    def _change(self, name: str, value: str) -> None:
        if name == "K":
            self._signature = key_signature(value)
        elif name == "L":
            self._unit = parse_unit(value) or self._unit
        elif (meter := parse_meter(value)) is not None:
            self.meters.append(meter)

    def _add(self, match: re.Match[str], notes: list[re.Match[str]], prefix: str) -> None:
        if match["letter"] in ("X", "Z"):  # whole measures of rest
            numerator, denominator = self.meters[-1] if self.meters else (4, 4)
            bars = int(match["times"] or 1)
            rest = Event((), bars * WHOLE * numerator // denominator)
            self._measures[-1].events.append(rest)
            return
        duration = _scaled(self._unit, match, prefix)
        if prefix and notes:
            duration = _scaled(duration, notes[0], "")  # a length inside the brackets counts too
        numerator, denominator, left = self._tuplet
        if left:
            duration = duration * numerator // denominator
            self._tuplet = (numerator, denominator, left - 1)
        if self._broken:
            sign, halvings = (1 if self._broken > 0 else -1), abs(self._broken)
            short = duration >> halvings
            duration = short if sign > 0 else 2 * duration - short
            self._broken = 0
        pitches = tuple(p for note in notes if (p := self._pitch(note)) is not None)
        tied = bool(prefix) and "-" in match["chord"]
        self._measures[-1].events.append(Event(pitches, duration, tied))

    def _pitch(self, note: re.Match[str]) -> int | None:
        letter = note["letter"].upper()
        if letter not in SEMITONES:
            return None
        octave = (
            5 + note["letter"].islower() + note["octave"].count("'") - note["octave"].count(",")
        )
        mark = note["accidental"]
        if mark is not None:
            alteration = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}[mark]
            self._accidentals[letter, octave] = alteration
        alteration = self._accidentals.get((letter, octave), self._signature.get(letter, 0))
        return min(127, max(0, 12 * octave + SEMITONES[letter] + alteration))

    def _start_tuplet(self, p: int, q: str | None, r: str | None) -> None:
        if p >= 2:
            compound = bool(self.meters) and self.meters[-1][0] in (6, 9, 12)
            time = 3 if compound and p in (5, 7, 9) else _TUPLET_TIME[p]
            self._tuplet = (int(q or 0) or time, p, int(r or 0) or p)

    def _break(self, signs: str) -> None:
        events = self._measures[-1].events
        if events:
            last, halvings = events[-1], len(signs)
            short = last.duration >> halvings
            last.duration = 2 * last.duration - short if signs[0] == ">" else short
            self._broken = halvings if signs[0] == ">" else -halvings

    def _bar(self, bar: str, ending: str | None) -> None:
        self._measures[-1].closes |= bar.startswith(":")
        self._measures[-1].ends_section |= len(bar) > 1
        self._start_measure(ending)
        self._measures[-1].opens = bar.endswith(":")

    def _start_measure(self, ending: str | None) -> None:
        last = self._measures[-1]
        passes = _passes(ending) if ending else frozenset()
        if not passes and not last.ends_section:
            passes = last.ending  # an ending goes on to the next double bar or repeat sign
        self._measures.append(Measure(ending=passes))
        self._accidentals = {}


def _scaled(duration: int, match: re.Match[str], prefix: str) -> int:
    times, slashes, over = (match[f"{prefix}{part}"] for part in ("times", "slashes", "over"))
    divisor = int(over) if over and slashes else 2 ** len(slashes)
    return duration * int(times or 1) // max(1, divisor)


def _passes(ending: str) -> frozenset[int]:
    """The numbers of an ending such as ``1``, ``1,3`` or ``1-3``."""
    passes: set[int] = set()
    for first, last in re.findall(r"(\d)(?:-(\d))?", ending):
        passes.update(range(int(first), int(last or first) + 1))
    return frozenset(passes)


def play(measures: list[Measure]) -> Iterator[Event]:
    """The events in the order they sound, repeats and endings played out.

    Each jump back raises the pass, and a repeat has at most ten passes, so this always ends.
    """
    start, passes, position = 0, 1, 0
    while position < len(measures):
        measure = measures[position]
        following = measures[position + 1] if position + 1 < len(measures) else Measure()
        if measure.opens and position != start:
            start, passes = position, 1
        position += 1
        if measure.ending and passes not in measure.ending:
            continue
        yield from measure.events
        if measure.closes and _again(measure, following, passes):
            position, passes = start, passes + 1
        elif measure.closes or (measure.ending and not following.ending):
            start, passes = position, 1


def _again(measure: Measure, following: Measure, passes: int) -> bool:
    if not measure.ending:
        return passes == 1
    return passes == 1 or passes + 1 in measure.ending or bool(following.ending)
