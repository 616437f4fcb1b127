"""Text of any origin: encoding from the first bytes, lines with a limit on their length.

Lines end with LF, CR LF, or CR alone, as old Macs and some instruments write them. `str.splitlines`
would also split at a form feed, at U+0085 and at U+2028, which are text.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader, TextIOWrapper
from itertools import count
from typing import NamedTuple

_MARKS = (  # UTF-32 first: in little endian it begins as UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Line(NamedTuple):
    """One line of a file."""

    number: int  # from 1
    text: str  # without its end; empty if there is a problem
    problem: str = ""  # why there is no text, or empty


def encoding_of(beginning: bytes) -> str:
    """UTF-16 or UTF-32 if the first four bytes mark it, as Windows editors do, else UTF-8."""
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    return "utf-8-sig"


def text_of(data: bytes, fallback: str = "latin-1") -> str:
    """The text of a file, with LF line ends.

    Unmarked UTF-16 is recognised by its zero bytes, every other byte in most languages. Text that
    is not UTF-8 is decoded by `fallback`, in which every byte is a character.

    Raises:
        UnicodeDecodeError: marked as UTF-16 or UTF-32, and damaged.
    """
    encoding = encoding_of(data)
    head = data[:1024]
    if encoding == "utf-8-sig" and head.count(0) > len(head) / 4:
        encoding = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise
        text = data.decode(fallback)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines(stream: BufferedReader, longest: int, *, errors: str = "strict") -> Iterator[Line]:
    """Every line of a stream from its beginning; one longer than `longest` becomes a problem.

    The rest of such a line is skipped without being held in memory. The stream stays open;
    `errors` is that of `bytes.decode`.

    Raises:
        UnicodeDecodeError: with `errors="strict"`.
    """
    encoding = encoding_of(stream.peek(4)[:4])
    text = TextIOWrapper(stream, encoding=encoding, errors=errors, newline=None)
    try:
        for number in count(1):
            line = text.readline(longest + 1)
            if not line:
                return
            if len(line) > longest and not line.endswith("\n"):
                while (more := text.readline(longest)) and not more.endswith("\n"):
                    pass
                yield Line(number, "", f"a line of more than {longest} characters")
            else:
                yield Line(number, line.removesuffix("\n"))
    finally:
        with suppress(ValueError):  # the stream is closed already
            text.detach()  # the stream is for those to close who opened it
