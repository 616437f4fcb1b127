"""The symbols of a line of music.

Source: the ABC standard 2.1, section 4. Skipped: decorations, slurs,
spacers, and every sign without a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_MARK = r"(?:(?:\^{1,2}|_{1,2})(?:\d{0,2}(?:/{1,2}\d{0,2})?(?=[A-Ga-g]))?|=)?"  # with quarter tones
_LENGTH = r"\d{0,4}(?:/{1,8}\d{0,4})?"
_NOTE = rf"({_MARK})([A-Ga-gxzXZ])([,']{{0,9}})({_LENGTH})"
_QUOTED = r'"[^"\n]{0,400}"|![^!\s|]{1,40}!'
_ENDING = r"\d{1,2}(?:[,-]\d{1,2}){0,8}"

# Every quantifier is bounded, so that matching takes linear time.
_SYMBOL = re.compile(
    rf"""
      "([^"\n]{{0,400}})"                                               # 1: chord symbol, or text
    | ![^!\s|]{{1,40}}!
    | {_NOTE}                                                        # 2 to 5
    | ((?: :{{0,9}} \[?\| [|\]]{{0,3}} ){{1,5}} :{{0,9}} | :{{2,9}})    # 6: bar line
      (?: \s{{0,9}} \[? ({_ENDING}) )?                               # 7: its variant ending
    | \[ ({_ENDING})                                                 # 8: an ending alone
    | \[ ((?: {_QUOTED} | [^\]\[|"\n]){{1,200}}) \] ({_LENGTH})           # 9, 10: chord
    | \((\d{{1,2}}) (?: :(\d{{0,2}}) (?: :(\d{{0,2}}) )? )?          # 11 to 13: tuplet
    | \{{ /? ([^}}\n]{{0,400}}) \}}                                        # 14: grace notes
    | (-)                                                            # 15: tie
    | (<{{1,4}} | >{{1,4}})                                            # 16: broken rhythm
    | (&{{1,9}})                                                      # 17: overlay
    | \+ ([^+\s|!"]{{1,80}}) \+                                        # 18: decoration, or chord
    """,
    re.VERBOSE,
)
_CHORD_NOTE = re.compile(rf"(?:{_QUOTED})|{_NOTE}(-)?")
_OLD_CHORD = re.compile(rf"(?!f{{2,4}}$)(?:{_NOTE}){{2,9}}")


class AbcNote(NamedTuple):
    """A note, or a rest when the letter is x, z, X or Z.

    Attributes:
        mark: accidental as written; empty for none.
        letter: A to G, a to g an octave higher, or of a rest.
        octaves: added by ``'`` and subtracted by ``,``.
        length: as written, such as ``3/2``.
        tied: by a hyphen inside a chord.
    """

    mark: str
    letter: str
    octaves: int
    length: str
    tied: bool = False


class Sound(NamedTuple):
    """Notes that sound together; the first gives the length, and rests in a chord are ignored.

    Attributes:
        notes: at least one.
        length: as written after a chord; empty for a single note.
    """

    notes: tuple[AbcNote, ...]
    length: str = ""


class GraceNotes(NamedTuple):
    """Notes that take no time."""

    notes: tuple[AbcNote, ...]


class Bar(NamedTuple):
    """A bar line, or the beginning of a variant ending without one.

    Attributes:
        closes: how often a repeat goes back here.
        opens: how often the repeat that begins here is played again.
        double: whether it ends a section, as a double bar or a repeat sign does.
        ending: the passes in which the following measures are played; empty for all.
    """

    closes: int = 0
    opens: int = 0
    double: bool = False
    ending: frozenset[int] = frozenset()


class Tuplet(NamedTuple):
    """The next `extent` notes: `notes` in the time of `time`, or None where the meter decides."""

    notes: int
    time: int | None
    extent: int


class Broken(NamedTuple):
    """Broken rhythm: the number of ``>`` signs, or below 0 of ``<`` signs."""

    signs: int


class Tie(NamedTuple):
    """A hyphen after a note or chord."""


class ChordSymbol(NamedTuple):
    """Text in quotation marks: a chord symbol, or an annotation, of the note after it."""

    text: str


class Overlay(NamedTuple):
    """Back by as many bars: what follows sounds together with them."""

    bars: int


Symbol = Sound | GraceNotes | Bar | Tuplet | Broken | Tie | Overlay | ChordSymbol


def read_symbols(text: str) -> Iterator[Symbol]:
    """The symbols of some lines that affect what sounds, in order."""
    for match in _SYMBOL.finditer(text):
        kind = match.lastindex
        if kind is None:
            continue
        if kind == 1:
            yield ChordSymbol(match[1])
        elif kind == 5:
            yield _single(match[2], match[3], match[4], match[5])
        elif kind in (6, 7):
            yield _bar(match[6], _passes(match[7]) if match[7] else frozenset())
        elif kind == 10:
            if notes := _notes(match[9]):
                yield Sound(notes, match[10])
        elif kind == 15:
            yield Tie()
        elif kind == 16:
            yield Broken(len(match[16]) if match[16][0] == ">" else -len(match[16]))
        elif kind == 14:
            yield GraceNotes(_notes(match[14]))
        elif kind in (11, 12, 13):
            count = int(match[11])
            if count >= 2:
                yield Tuplet(count, int(match[12] or 0) or None, int(match[13] or 0) or count)
        elif kind == 8:
            yield Bar(ending=_passes(match[8]))
        elif kind == 17:
            yield Overlay(len(match[17]))
        elif _OLD_CHORD.fullmatch(match[18]):
            yield Sound(_notes(match[18]))


def _bar(text: str, ending: frozenset[int]) -> Bar:
    """A bar line of any sequence of signs, as section 4.8 asks for."""
    lines = text.replace("[|]", "") or "|"  # an invisible bar line says nothing about repeats
    inside = lines.strip(":")
    # "::" and "|::|" end one section and begin another
    closes = int("::" in inside or not inside) or len(lines) - len(lines.lstrip(":"))
    opens = int(":" in inside or not inside) or len(lines) - len(lines.rstrip(":"))
    return Bar(closes, opens, closes + opens > 0 or len(lines) > 1, ending)


def _notes(text: str) -> tuple[AbcNote, ...]:
    return tuple(
        _note(match[1], match[2], match[3], match[4], tied=match[5] is not None)
        for match in _CHORD_NOTE.finditer(text)
        if match[2]
    )


@lru_cache(maxsize=4096)  # a tune book repeats few different ones
def _single(mark: str, letter: str, octaves: str, length: str) -> Sound:
    return Sound((_note(mark, letter, octaves, length),))


def _note(mark: str, letter: str, octaves: str, length: str, *, tied: bool = False) -> AbcNote:
    return AbcNote(mark, letter, octaves.count("'") - octaves.count(","), length, tied)


def _passes(ending: str) -> frozenset[int]:
    """The numbers of an ending such as ``1``, ``1,3`` or ``1-3``."""
    passes: set[int] = set()
    for first, last in re.findall(r"(\d{1,2})(?:-(\d{1,2}))?", ending):
        passes.update(range(int(first), int(last or first) + 1))
    return frozenset(passes)
