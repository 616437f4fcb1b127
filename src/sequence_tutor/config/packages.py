"""What installed packages offer, by their entry points."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path


def offered(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group by name, of packages installed since the last call too.

    To read the metadata of all packages takes 5 ms. It is done again only after a folder of the
    search path, where packages are installed, has changed.
    """
    return _read(group, tuple((place, _changed(place)) for place in sys.path))


@lru_cache(maxsize=8)
def _read(group: str, _places: tuple[tuple[str, int], ...]) -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _changed(place: str) -> int:
    """When files were last added to a folder or removed, in ns; 0 where there is no folder."""
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0
