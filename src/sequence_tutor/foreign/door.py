"""Any exception of a reader becomes one sentence about the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sequence_tutor.errors import UserError

LONGEST_REASON = 200
"""Characters of a library's message, which may quote the file."""


@contextmanager
def door(name: str | Path) -> Iterator[None]:
    """Read a file of unknown origin inside this context.

    A parser of such a file may raise any exception. Ctrl-C and the end of a generator pass.

    Raises:
        UserError: instead of any `Exception`; it begins with the file's name, once.
    """
    try:
        yield
    except UserError as error:
        if str(error).startswith(str(name)):
            raise
        raise UserError(f"{name}: {error}") from error
    except Exception as error:
        raise UserError(f"{name}: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """Why a file could not be read, as the part of a sentence after its name."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MemoryError):
        return "cannot be read (it needs more memory than there is)"
    if isinstance(error, RecursionError):
        return "cannot be read (it is nested too deeply)"
    return f"cannot be read ({said(error)})"


def said(error: Exception) -> str:
    """The message of an exception, short and on one line; its type if it has none."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(text) or type(error).__name__


def one_line(text: str) -> str:
    """Untrusted text for a line of a message: short, without control characters."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in " ".join(text[: 2 * LONGEST_REASON].split())
    )
    return shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 3]}..."
