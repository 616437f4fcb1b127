"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PathLike = str | Path
"""How a caller may name a file or a folder."""

LEFTOVER = ".partial-"
"""Begins the name of a file that is being written."""


def optional_path(path: PathLike | None) -> Path | None:
    """The path, where there is one."""
    return None if path is None else Path(path)


def listed_paths(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """The paths; one alone is a list of one, and a string is no list of its letters."""
    return [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and rename it over `path` once all went well.

    The rename is atomic on one file system, so after a crash at any moment `path` holds either
    its old content or the whole new one; half a file left by a crash is written over next time.

    Raises:
        OSError: naming `path`, where the writer's own error names no file (a full disk).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{LEFTOVER}{path.name}")
    try:
        yield beside
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def is_empty(folder: Path) -> bool:
    """Whether nothing is there, or nothing but halves of files left by a crash."""
    if not folder.exists():
        return True
    return all(entry.name.startswith(LEFTOVER) for entry in folder.iterdir())


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinity are refused, because JSON has neither.

    Args:
        path: where to.
        value: anything `json` can encode (hence `Any`).
    """
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
