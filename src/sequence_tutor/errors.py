"""The one exception a user is meant to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
