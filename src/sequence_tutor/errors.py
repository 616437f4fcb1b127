"""Errors for the user, and how their sentences quote values."""

from __future__ import annotations

import math
import sys
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path


class UserError(Exception):
    """Something that the user gave cannot be used.

    The message is one sentence: the file, line or field, what was found, and what was expected
    instead. The command line prints it without a traceback and exits with status 2.
    """


class UnfinishedError(UserError):
    """Other processes still compute parts of what was asked for; nothing is left for this one."""


class NotAllowedError(UserError):
    """A folder's records name code to run, and the user has not allowed it."""


class Remark(UserWarning):
    """A warning for the user, which the command line prints once, without its source line."""


class SettingsError(UserError):
    """Settings cannot be used; raised where their file is not known, see `settings_of`."""


@contextmanager
def reading(source: object, what: str) -> Iterator[None]:
    """Make one sentence of any error while a file of this program is read.

    A file of ours that was damaged or changed by hand may contain anything, and each library
    reports that in its own way.

    Args:
        source: the file or the folder.
        what: its expected content.

    Raises:
        UserError: in place of any other error but a lack of memory.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        message = " ".join(str(error).split())[:200]
        raise UserError(
            f"{source}: damaged, or not {what} of this version ({type(error).__name__}: {message})"
        ) from error


@contextmanager
def trying(what: str, owner: object) -> Iterator[None]:
    """Make one sentence of any error of somebody else's object while its promises are checked.

    Args:
        what: the object, such as "domain 'dna'".
        owner: the object itself; of its own files the line is named that the error came through.

    Raises:
        UserError: in place of any other error but a lack of memory.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        message = printable(str(error), 300)
        raise UserError(
            f"{what} failed{_line_of(error, owner)}: {type(error).__name__}: {message}"
        ) from error


def _line_of(error: Exception, owner: object) -> str:
    """The last line of the owner's package that an error came through; empty: none is known."""
    module = getattr(owner, "__module__", None) or type(owner).__module__
    whole = module.partition(".")[0]
    if whole == __name__.partition(".")[0]:
        return ""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in (whole, module))
    found = [Path(file) for file in files if file]
    homes = [file.parent if file.name == "__init__.py" else file for file in found]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if any(Path(frame.filename).is_relative_to(home) for home in homes):
            return f" at line {frame.lineno} of {frame.filename}"
    return ""


@contextmanager
def settings_of(source: str) -> Iterator[None]:
    """Make a `SettingsError` a `UserError` that begins with the settings' source."""
    try:
        yield
    except SettingsError as error:
        raise UserError(f"{source}: {error}") from error


LONGEST = 80  # characters of a quoted value
_LONGEST_SENTENCE = 2_000
_INVISIBLE = ("Cc", "Cs", "Zl", "Zp")  # controls, halves of surrogate pairs, ends of lines
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, most: int = _LONGEST_SENTENCE) -> str:
    r"""The text on one line, with escapes such as `\x1b` for characters that control a terminal."""
    plain = text if text.isascii() and text.isprintable() else "".join(map(_visible, text))
    return shortened(plain, most)


def shown(value: object) -> str:
    """A value as Python writes it, cut in the middle where that is long."""
    if isinstance(value, int) and value.bit_length() >= 8 * LONGEST:  # too long for Python
        digits = round(value.bit_length() * math.log10(2))
        return f"{'a negative' if value < 0 else 'a'} number of about {digits} digits"
    return shortened(repr(value))


def shortened(text: str, most: int = LONGEST) -> str:
    """The text, cut in the middle if it is longer than `most`."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    tail = most - head - len("...")
    return f"{text[:head]}...{text[-tail:]}"


def _visible(letter: str) -> str:
    if unicodedata.category(letter) in _INVISIBLE or letter in _DIRECTIONS:
        return letter.encode("unicode_escape").decode("ascii")
    return letter


@contextmanager
def extra(name: str, need: str) -> Iterator[None]:
    """Import libraries of an extra inside.

    Args:
        name: of the extra.
        need: such as "Parquet needs pyarrow".

    Raises:
        UserError: a library cannot be imported; it says how to install the extra.
    """
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"{need}, which cannot be imported ({error}): pip install 'sequence-tutor[{name}]'"
        ) from error


def require(name: str, need: str, *modules: str) -> None:
    """Check that the modules of an extra can be imported, before work begins; see `extra`."""
    with extra(name, need):
        for module in modules:
            import_module(module)
