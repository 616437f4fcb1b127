"""Whatever a reader of a stranger's file raises becomes one sentence about that file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sequence_tutor.errors import UserError

LONGEST_REASON = 200
"""Characters of what a library said, which may quote the file."""


@contextmanager
def door(name: str | Path) -> Iterator[None]:
    """Read a stranger's file inside of this.

    No list of exceptions is complete: a parser of somebody else's format may raise any. Ctrl-C and
    the end of a generator are no exceptions of a reader and pass.

    Args:
        name: what messages call the file.

    Raises:
        UserError: in place of any `Exception`; it begins with the name, once.
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
    """Why a file gave nothing, as a part of a sentence that says which file it was."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MemoryError):
        return "cannot be read (it needs more memory than there is)"
    if isinstance(error, RecursionError):
        return "cannot be read (it is nested too deeply)"
    return f"cannot be read ({said(error)})"


def said(error: Exception) -> str:
    """What an exception says, short and on one line; its type where it says nothing."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(text) or type(error).__name__


def one_line(text: str) -> str:
    """Text of strangers for one line of a message: short, and nothing that moves a cursor."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in " ".join(text[: 2 * LONGEST_REASON].split())
    )
    return shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 3]}..."
