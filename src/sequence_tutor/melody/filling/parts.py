"""Which bars of a tune are kept, and what of each: the text of `--keep`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown

_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")
"""What a text program or a page writes between the numbers of a range."""

_ITEM = re.compile(r"(\d{1,4})(?:\s*-\s*(\d{1,4})?)?(?:\s+(\w+))?")


class Part(IntEnum):
    """What of a bar is kept."""

    NOTHING = 0
    ALL = 1
    RHYTHM = 2
    PITCHES = 3


_WORDS = {"rhythm": Part.RHYTHM, "pitches": Part.PITCHES, "all": Part.ALL}


def parse_keep(text: str, first: int, last: int) -> Mapping[int, Part]:
    """What is kept of each bar that `text` names.

    >>> parse_keep("1-2, 4 rhythm, 7-", 1, 8)
    {1: ALL, 2: ALL, 4: RHYTHM, 7: ALL, 8: ALL}

    Args:
        text: bars and ranges of bars, separated by commas, each followed by `rhythm` or `pitches`
            if only these are kept. Bars are counted from 1, an upbeat is bar 0. What is said of a
            bar last holds.
        first: number of the first bar of the tune, 0 or 1.
        last: number of its last bar.

    Raises:
        UserError: it names no bars, or a bar that the tune does not have.
    """
    kept: dict[int, Part] = {}
    for item in (piece.strip() for piece in text.translate(_DASHES).split(",")):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise UserError(
                f"--keep {shown(text)}: {shown(item)} names no bars, expected such as 1-2, "
                "5 rhythm, 7 pitches"
            )
        low = int(match[1])
        high = int(match[2]) if match[2] else last if "-" in item else low
        word = match[3] or "all"
        if word not in _WORDS:
            raise UserError(
                f"--keep {shown(text)}: {shown(word)} is no part of a bar: {nearest(word, _WORDS)}"
            )
        if match[2] and first <= high < low <= last:
            raise UserError(
                f"--keep {shown(text)}: bars {shown(item)}, expected the lower number first"
            )
        if not first <= low <= high <= last:
            raise UserError(
                f"--keep {shown(text)}: bars {shown(item)}, expected bars from {first} to {last}, "
                "those of the tune"
            )
        kept.update(dict.fromkeys(range(low, high + 1), _WORDS[word]))
    return kept
