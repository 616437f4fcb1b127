"""Text from elsewhere as a terminal may show it, and values as a sentence may quote them.

A file's name, a model's name or a line of a file can hold escape sequences, which move the cursor,
rename the window or hide what was printed, and letters that turn the direction of writing.
"""

from __future__ import annotations

import math
import unicodedata

LONGEST = 80
"""Characters of a value that a sentence quotes."""

_LONGEST_SENTENCE = 2_000
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of surrogate pairs, ends of lines
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, most: int = _LONGEST_SENTENCE) -> str:
    r"""The text on one line, with `\x1b` and the like in place of what a terminal would obey."""
    plain = text if text.isascii() and text.isprintable() else "".join(map(_seen, text))
    return shortened(plain, most)


def shown(value: object) -> str:
    """A value as Python writes it, cut in the middle where that is long."""
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if value.bit_length() < 8 * LONGEST else _number(value)
    else:
        text = repr(value)
    return shortened(text)


def shortened(text: str, most: int = LONGEST) -> str:
    """The text, cut in the middle if it is longer than `most`."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    tail = most - head - len("...")
    return f"{text[:head]}...{text[-tail:]}"


def _seen(letter: str) -> str:
    if unicodedata.category(letter) in _UNSEEN or letter in _TURNING:
        return letter.encode("unicode_escape").decode("ascii")
    return letter


def _number(value: int) -> str:
    """A number too long for Python to write out: its size."""
    digits = round(value.bit_length() * math.log10(2))
    return f"{'a negative' if value < 0 else 'a'} number of about {digits} digits"
