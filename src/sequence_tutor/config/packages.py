"""What installed packages offer, by their entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from sequence_tutor.errors import UserError, printable, shown, trying

Made = TypeVar("Made")


def offered(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group by name, of packages installed since the last call too.

    To read the metadata of all packages takes 5 ms. It is done again only after a folder of the
    search path, where packages are installed, has changed.
    """
    return _read(group, tuple((place, _changed(place)) for place in sys.path))


def loaded(point: EntryPoint, asked: str) -> Any:  # whatever a package has there
    """What an entry point names.

    Args:
        point: one of those `offered`.
        asked: how it was asked for, such as "executor is 'mine'", for the error's sentence.

    Raises:
        UserError: the package cannot be imported, or has nothing of that name.
    """
    try:
        return point.load()
    except (UserError, MemoryError):
        raise
    except Exception as error:
        message = printable(str(error), 300)
        raise UserError(
            f"{asked}: {point.value} cannot be loaded ({type(error).__name__}: {message})"
        ) from error


def loaded_class(point: EntryPoint, base: type, asked: str) -> Any:  # mypy refuses abstract bases
    """The class that an entry point names; the arguments are those of `loaded`.

    Raises:
        UserError: it cannot be loaded, does not derive from `base`, or lacks some of its methods.
    """
    found = loaded(point, asked)
    if not (isinstance(found, type) and issubclass(found, base)):
        home = base.__module__.rpartition(".")[0]
        raise UserError(
            f"{asked}: {point.value} is {shown(found)}, expected a class that derives from "
            f"{home}.{base.__name__}"
        )
    if missing := sorted(getattr(found, "__abstractmethods__", ())):
        raise UserError(f"{asked}: {point.value} lacks {', '.join(missing)}")
    return found


def made(kind: Callable[[], Made], asked: str) -> Made:
    """An object of a package's class, which is made without arguments.

    Args:
        kind: the class.
        asked: as of `loaded`.

    Raises:
        UserError: it cannot be made.
    """
    with trying(f"{asked}: the making of it", kind):
        return kind()


@lru_cache(maxsize=8)
def _read(group: str, _places: tuple[tuple[str, int], ...]) -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _changed(place: str) -> int:
    """When files were last added to a folder or removed, in ns; 0 where there is no folder."""
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0
