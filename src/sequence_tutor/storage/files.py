"""Writing files so that a reader never sees half of one, and no link leads a writer astray.

What this program names itself, such as `training.jsonl` in the folder of a run, is data that may
come from elsewhere: a link there is replaced and never followed. What the user names on the command
line is another matter: see `named_files`.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from sequence_tutor.errors import UserError
from sequence_tutor.storage.processes import is_alive, machine

PathLike = str | Path
"""How a caller may name a file or a folder."""

LEFTOVER = ".partial-"
"""Begins the name of a file that is being written."""

LOCK_FILE = ".lock"
"""Says which process writes in a folder: see `folder_lock`."""

_LONGEST_END = 50  # letters of a name that a file beside it ends with; four bytes each at most
_FORGOTTEN = 24 * 3600  # seconds after which half a file of another machine is nobody's


def named_path(path: PathLike) -> Path:
    """The path, which must have a name: an empty one would be the folder one happens to be in.

    Raises:
        UserError: it is empty.
    """
    if not str(path):
        raise UserError("an empty name of a file or folder was given, expected one, or . for here")
    return Path(path)


def optional_path(path: PathLike | None) -> Path | None:
    """The path, where there is one."""
    return None if path is None else named_path(path)


def listed_paths(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """The paths; one alone is a list of one, and a string is no list of its letters."""
    return [named_path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and rename it over `path` once all went well.

    The rename is atomic on one file system, so after a crash at any moment `path` holds either
    its old content or the whole new one. The name of the file beside it is new each time and cannot
    be guessed: no link waits there, and two writers never share it.

    Raises:
        OSError: naming `path`, where the writer's own error names no file (a full disk).
        UserError: `path` is a device, a pipe or a socket, which a rename would destroy.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_special(path)
    beside = path.with_name(_name_beside(path.name))
    try:
        yield beside
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if error.filename is None:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def open_own(path: Path, *, resumed: bool) -> BinaryIO:
    """Open a file of ours that grows, for reading and writing.

    Args:
        path: the file; its folder is made.
        resumed: go on with the file that is there; otherwise a new one takes its place.

    Raises:
        UserError: it is to go on, and a link or something else than a file is there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    _refuse_special(path)
    if not resumed:
        path.unlink(missing_ok=True)
        flags |= os.O_CREAT | os.O_EXCL
    try:
        return os.fdopen(os.open(path, flags, 0o666), "r+b")
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UserError(f"{path}: a link is there, expected a file of its own") from error
        raise


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; a renamed file may else be lost with power.

    A system that cannot open folders keeps their names in its own way.
    """
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def is_empty(folder: Path) -> bool:
    """Whether nothing is there, or nothing but what a crash left: halves of files, a lock."""
    if not folder.exists():
        return True
    return all(
        entry.name.startswith(LEFTOVER) or entry.name == LOCK_FILE for entry in folder.iterdir()
    )


def remove_leftovers(folder: Path) -> None:
    """Remove halves of files whose writers are gone; a folder that is not there has none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for entry in folder.iterdir():
            if entry.name.startswith(LEFTOVER) and _is_forgotten(entry):
                with suppress(OSError):  # a folder of that name, or another process was faster
                    entry.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file atomically."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinity are refused, because JSON has neither.

    Args:
        path: where to.
        value: anything `json` can encode (hence `Any`).
    """
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """What `write_json` writes."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _name_beside(name: str) -> str:
    """Tells who writes it, so that it can be removed when that process is gone."""
    return f"{LEFTOVER}{machine()[:8]}-{os.getpid()}-{secrets.token_hex(6)}-{name[-_LONGEST_END:]}"


def _is_forgotten(entry: Path) -> bool:
    parts = entry.name.removeprefix(LEFTOVER).split("-", 3)
    if len(parts) == 4 and parts[1].isdecimal():
        if parts[0] == machine()[:8]:
            return not is_alive(int(parts[1]))
        with suppress(OSError):
            beside_it = entry.parent.stat().st_mtime  # of the same clock as the file's
            return beside_it - entry.lstat().st_mtime > _FORGOTTEN
        return False
    return True  # as written before names had a process in them


def _refuse_special(path: Path) -> None:
    """Refuse what a rename would destroy; of a link, the link itself is looked at.

    Raises:
        UserError: `path` is a device, a pipe or a socket.
        IsADirectoryError: it is a folder.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing is there, or the writer will say why
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise UserError(f"{path}: a {kind_of(mode)} is there, expected a file")


def kind_of(mode: int) -> str:
    """What a mode that is of no regular file is of."""
    kinds = {stat.S_ISFIFO: "pipe", stat.S_ISSOCK: "socket", stat.S_ISDIR: "folder"}
    return next((name for test, name in kinds.items() if test(mode)), "device")
