"""The one exception a user is meant to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence: the file, line or field, what was found, and what was expected
    instead. The command line prints it without a traceback and exits with status 2.
    """


class SettingsError(UserError):
    """Settings cannot be used, said where nobody knows the file that they are from."""


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
