"""A tune book: bytes to text, text to tunes, and each tune to its fields and lines of music.

Source: the ABC standard 2.1, sections 2 and 3. More is read than it allows:

1. Text in UTF-16 and UTF-32.
2. By the standard a blank line ends a tune, but many files have one within a tune. After it, lines
   that are fields or look like music are still read, others are skipped.
3. A field that ends in a backslash continues in the next line, as before version 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import NamedTuple

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import text_of

MUSIC = ""
"""The name of a line that is no field."""

MOST_TUNES = 100_000
MOST_LINES = 20_000
MOST_CHARACTERS = 2**20
"""Of one tune; the longest real ones have some 1,000 lines and 50,000 characters."""

_FIELD = re.compile(r"([A-Za-z+]):(.*)", re.DOTALL)
_NOTES = frozenset("ABCDEFGabcdefgxzZ")
_COMMENT = re.compile(r"(?<!\\)%")
_BLOCK = re.compile(r"%%(begin|end)[a-z]+")
# Chord symbols, decorations and inline fields; the rest of a line of music is notes and signs.
_ENCLOSED = re.compile(r'"[^"]*"|![^!\s]*!|\+[a-z]+\+|\[[A-Za-z]:[^\]]{0,400}\]')
_MUSIC_SIGNS = re.compile(r"[A-Ga-gxyzXZHLMOPSTuv\d\s|:\[\](){}<>/^_=,'.~&\-!*\\`$]*")
_WORD = re.compile(r"(?<![A-Za-z])[A-Ga-g][a-g]+(?![A-Za-z\d'/])")
_LONGEST_HEADER = 1000  # lines
_LONGEST_FIELD = 4000  # characters, continued in any number of lines


class AbcLine(NamedTuple):
    """A field with its letter and value, or a line of music, whose name is `MUSIC`.

    A directive such as ``%%MIDI transpose 2`` is another form of the field ``I``.
    """

    name: str
    value: str


@dataclass
class TuneText:
    """The fields and lines of music of one tune.

    Attributes:
        header: the fields up to ``K:``, after those of the file's header.
        body: fields and lines of music after it.
        has_key: whether there is a ``K:`` field.
    """

    header: list[AbcLine]
    body: list[AbcLine] = field(default_factory=list)
    has_key: bool = False


class TuneLines(NamedTuple):
    """The text of one tune.

    Attributes:
        number: of its ``X:`` field; empty if there is none.
        lines: of its text.
        top: the fields of the file's header, which hold for every tune.
    """

    number: str
    lines: list[str]
    top: list[AbcLine]

    def read(self) -> TuneText:
        """Divide the text into fields and lines of music.

        Raises:
            UserError: when it is too long for a tune.
        """
        if len(self.lines) > MOST_LINES or sum(map(len, self.lines)) > MOST_CHARACTERS:
            raise UserError(
                f"more than {MOST_LINES} lines or {MOST_CHARACTERS} characters, expected one tune"
            )
        text = TuneText(list(self.top))
        for line in _lines(self.lines):
            if text.has_key:
                text.body.append(line)
            elif line.name != MUSIC:
                text.header.append(line)
                text.has_key = line.name == "K"
            elif line.value.strip():
                text.body.append(line)  # music without a key, which `read_abc` refuses
        return text


def tunes(data: bytes) -> list[TuneLines]:
    """Every tune of a file; without any ``X:`` field, all of it is one.

    Raises:
        UserError: when it is damaged, or there are more than `MOST_TUNES`.
    """
    try:
        lines = text_of(data).split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"damaged text, expected {error.encoding} as its mark says") from error
    starts = [number for number, line in enumerate(lines) if line.startswith("X:")]
    if not starts:
        return [TuneLines("", lines, [])]
    if len(starts) > MOST_TUNES:
        raise UserError(f"{len(starts)} tunes, expected at most {MOST_TUNES} in one file")
    header = takewhile(str.strip, lines[: min(starts[0], _LONGEST_HEADER)])
    top = [line for line in _lines(header) if line.name in ("I", "L", "M", "m")]
    return [
        TuneLines(_COMMENT.split(lines[first][2:], maxsplit=1)[0].strip(), lines[first:last], top)
        for first, last in pairwise([*starts, len(lines)])
    ]


def _lines(lines: Iterable[str]) -> Iterator[AbcLine]:
    """The fields and lines of music, with continued fields joined and comments removed."""
    pending: AbcLine | None = None  # the last field, which the next line may continue
    after_blank = False
    for text in _without_blocks(lines):
        if text.startswith("%%"):
            line = AbcLine("I", _COMMENT.split(text[2:], maxsplit=1)[0].strip())
        elif text.startswith("%"):
            continue
        else:
            line = _line(_COMMENT.split(text, maxsplit=1)[0].rstrip())
        if pending is not None and _continues(pending, line):
            pending = _joined(pending, line.value)
            continue
        if pending is not None:
            yield pending
            pending = None
        if line.name == "+":
            continue
        if line.name != MUSIC:
            pending = line
        elif not line.value.strip():
            after_blank = after_blank or not text.strip()
        elif not after_blank or _looks_like_music(line.value):
            yield line
    if pending is not None:
        yield pending


def _without_blocks(lines: Iterable[str]) -> Iterator[str]:
    """All lines but those of blocks such as ``%%begintext`` to ``%%endtext``."""
    lines = list(lines)
    ends = [number for number, line in enumerate(lines) if line.startswith("%%end")]
    last_end = ends[-1] if ends else -1
    inside = False
    for number, line in enumerate(lines):
        block = _BLOCK.match(line)
        if block is not None:
            inside = block[1] == "begin" and number < last_end
        elif not inside:
            yield line


def _line(text: str) -> AbcLine:
    match = _FIELD.match(text)
    # "A:|" and "B::" are a note at the end of a repeat
    if match is None or (match[1] in _NOTES and match[2].lstrip().startswith(("|", ":", "[|"))):
        return AbcLine(MUSIC, text)
    return AbcLine(match[1], match[2].strip())


def _continues(field: AbcLine, line: AbcLine) -> bool:
    return line.name == "+" or (
        field.value.endswith("\\")
        and line.name == MUSIC
        and not ("|" in line.value and _looks_like_music(line.value))
    )


def _joined(field: AbcLine, more: str) -> AbcLine:
    value = f"{field.value} {more}" if len(field.value) < _LONGEST_FIELD else more
    return AbcLine(field.name, value.replace("\\ ", " "))


def _looks_like_music(text: str) -> bool:
    """Whether a line holds only notes and signs; without a bar line no word of a to g either."""
    left = _ENCLOSED.sub(" ", text)
    return bool(_MUSIC_SIGNS.fullmatch(left)) and ("|" in left or not _WORD.search(left))
