"""Errors that a user is meant to see, and what a sentence may quote."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence: the file, line or field, what was found, and what was expected
    instead. The command line prints it without a traceback and exits with status 2.
    """


class NotAllowedError(UserError):
    """What a folder's records name would be run, and its user has not allowed it."""


class Remark(UserWarning):
    """Something that a user should know of, said once; nothing ends by it.

    The command line prints it without the place in the program that it comes from.
    """


class SettingsError(UserError):
    """Settings cannot be used, said where nobody knows the file that they are from."""


@contextmanager
def reading(source: object, what: str) -> Iterator[None]:
    """Make one sentence of whatever goes wrong while a file of this program is read.

    A file of ours that was damaged, cut or changed by hand may hold anything, and each library
    complains of it in its own way.

    Args:
        source: the file or the folder.
        what: was expected in it.

    Raises:
        UserError: in place of any other error.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise UserError(
            f"{source}: damaged, or not {what} of this version ({type(error).__name__}: "
            f"{said[:200]})"
        ) from error


@contextmanager
def settings_of(source: str) -> Iterator[None]:
    """Put the source of settings, such as their file, before what is wrong with them.

    Raises:
        UserError: in place of a `SettingsError`.
    """
    try:
        yield
    except SettingsError as error:
        raise UserError(f"{source}: {error}") from error


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


@contextmanager
def extra(name: str, need: str) -> Iterator[None]:
    """Whatever is imported inside belongs to an extra.

    Args:
        name: of the extra.
        need: who needs what, such as "Parquet needs pyarrow".

    Raises:
        UserError: it cannot be imported; says how to install it.
    """
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"{need}, which cannot be imported ({error}): pip install 'sequence-tutor[{name}]'"
        ) from error


def require(name: str, need: str, *modules: str) -> None:
    """Check that an extra is there, before anything is begun that needs it.

    Args:
        name: of the extra.
        need: as for `extra`.
        modules: that it brings.

    Raises:
        UserError: one of them cannot be imported.
    """
    with extra(name, need):
        for module in modules:
            import_module(module)
