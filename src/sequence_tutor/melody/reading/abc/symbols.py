"""The symbols of a line of music.

Source: the ABC standard 2.1, section 4. Passed over: chord symbols, annotations, decorations,
slurs, spacers, and every sign that has no meaning there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_MARK = r"(?:(?:\^{1,2}|_{1,2})(?:\d{0,2}(?:/{1,2}\d{0,2})?(?=[A-Ga-g]))?|=)?"  # with quarter tones
_LENGTH = r"\d{0,4}(?:/{1,8}\d{0,4})?"
_NOTE = rf"({_MARK})([A-Ga-gxzXZ])([,']{{0,9}})({_LENGTH})"
_QUOTED = r'"[^"\n]{0,400}"|![^!\s|]{1,40}!'
_ENDING = r"\d{1,2}(?:[,-]\d{1,2}){0,8}"

# Every quantifier is bounded, so that no text, however long, takes more than linear time.
_SYMBOL = re.compile(
    rf"""
      (?:{_QUOTED})
    | {_NOTE}                                                        # 1 to 4
    | ((?: :{{0,9}} \[?\| [|\]]{{0,3}} ){{1,5}} :{{0,9}} | :{{2,9}})    # 5: bar line
      (?: \s{{0,9}} \[? ({_ENDING}) )?                               # 6: its variant ending
    | \[ ({_ENDING})                                                 # 7: an ending alone
    | \[ ((?: {_QUOTED} | [^\]\[|"\n]){{1,200}}) \] ({_LENGTH})           # 8, 9: chord
    | \((\d{{1,2}}) (?: :(\d{{0,2}}) (?: :(\d{{0,2}}) )? )?          # 10 to 12: tuplet
    | \{{ /? ([^}}\n]{{0,400}}) \}}                                        # 13: grace notes
    | (-)                                                            # 14: tie
    | (<{{1,4}} | >{{1,4}})                                            # 15: broken rhythm
    | (&{{1,9}})                                                      # 16: overlay
    | \+ ([^+\s|!"]{{1,80}}) \+                                        # 17: decoration, or chord
    """,
    re.VERBOSE,
)
_CHORD_NOTE = re.compile(rf"(?:{_QUOTED})|{_NOTE}(-)?")
_OLD_CHORD = re.compile(rf"(?!f{{2,4}}$)(?:{_NOTE}){{2,9}}")


@dataclass(frozen=True, slots=True)
class Note:
    """A note, or a rest when the letter is x, z, X or Z.

    Attributes:
        mark: accidental as written; empty for none.
        letter: A to G, a to g an octave higher, or of a rest.
        octaves: added by ``'`` and taken by ``,``.
        length: as written, such as ``3/2``.
        tied: by a hyphen inside a chord.
    """

    mark: str
    letter: str
    octaves: int
    length: str
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """Notes that sound together.

    Attributes:
        notes: at least one; the first gives the length, and a rest among several is none.
        length: as written after a chord; empty for a single note.
    """

    notes: tuple[Note, ...]
    length: str = ""


@dataclass(frozen=True, slots=True)
class GraceNotes:
    """Notes without a time of their own."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar line, or the beginning of a variant ending without one.

    Attributes:
        closes: how often a repeat goes back here.
        opens: how often the repeat that begins here is played again.
        double: ends a section, as a repeat sign does too.
        ending: the passes that what follows is played in; empty for all.
    """

    closes: int = 0
    opens: int = 0
    double: bool = False
    ending: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tuplet:
    """The next `count` notes: `notes` in the time of `time`; None where it is to be worked out."""

    notes: int
    time: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Broken:
    """``>`` when positive: as many signs; ``<`` when negative."""

    signs: int


@dataclass(frozen=True, slots=True)
class Tie:
    """A hyphen after a note or chord."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Back by as many bars: what follows sounds together with them."""

    bars: int


Symbol = Sound | GraceNotes | Bar | Tuplet | Broken | Tie | Overlay


def read_symbols(text: str) -> Iterator[Symbol]:
    """The symbols of some lines that have a meaning for what sounds, in order."""
    for match in _SYMBOL.finditer(text):
        kind = match.lastindex
        if kind is None:
            continue
        if kind == 4:
            yield _single(match[1], match[2], match[3], match[4])
        elif kind in (5, 6):
            yield _bar(match[5], _passes(match[6]) if match[6] else frozenset())
        elif kind == 9:
            yield from _chord(match[8], match[9])
        elif kind == 14:
            yield Tie()
        elif kind == 15:
            yield Broken(len(match[15]) if match[15][0] == ">" else -len(match[15]))
        elif kind == 13:
            yield GraceNotes(_notes(match[13]))
        elif kind in (10, 11, 12):
            notes = int(match[10])
            if notes >= 2:
                yield Tuplet(notes, int(match[11] or 0) or None, int(match[12] or 0) or notes)
        elif kind == 7:
            yield Bar(ending=_passes(match[7]))
        elif kind == 16:
            yield Overlay(len(match[16]))
        elif _OLD_CHORD.fullmatch(match[17]):
            yield from _chord(match[17], "")


def _bar(text: str, ending: frozenset[int]) -> Bar:
    """Any row of the signs of bar lines, as generously as section 4.8 asks for."""
    lines = text.replace("[|]", "") or "|"  # an invisible bar line says nothing about repeats
    inside = lines.strip(":")
    # "::" and "|::|" end one section and begin another
    closes = int("::" in inside or not inside) or len(lines) - len(lines.lstrip(":"))
    opens = int(":" in inside or not inside) or len(lines) - len(lines.rstrip(":"))
    return Bar(closes, opens, closes + opens > 0 or len(lines) > 1, ending)


def _chord(inside: str, length: str) -> Iterator[Symbol]:
    notes = _notes(inside)
    if notes:
        yield Sound(notes, length)


def _notes(text: str) -> tuple[Note, ...]:
    return tuple(
        _note(match[1], match[2], match[3], match[4], tied=match[5] is not None)
        for match in _CHORD_NOTE.finditer(text)
        if match[2]
    )


@lru_cache(maxsize=4096)  # a book has few different ones, over and over
def _single(mark: str, letter: str, octaves: str, length: str) -> Sound:
    return Sound((_note(mark, letter, octaves, length),))


def _note(mark: str, letter: str, octaves: str, length: str, *, tied: bool = False) -> Note:
    return Note(mark, letter, octaves.count("'") - octaves.count(","), length, tied)


def _passes(ending: str) -> frozenset[int]:
    """The numbers of an ending such as ``1``, ``1,3`` or ``1-3``."""
    passes: set[int] = set()
    for first, last in re.findall(r"(\d{1,2})(?:-(\d{1,2}))?", ending):
        passes.update(range(int(first), int(last or first) + 1))
    return frozenset(passes)
