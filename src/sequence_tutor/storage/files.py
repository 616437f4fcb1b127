"""Writing files so that readers never see half a file and links are not followed.

File names that the program chooses, such as `training.jsonl` in a run's folder, may be in a folder
from elsewhere: a link with such a name is replaced, never followed. For paths that the user names,
see `named_files`.
"""

from __future__ import annotations

import errno
import hashlib
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
"""A file or a folder, as callers give it."""

LEFTOVER = ".partial-"
"""Prefix of the name of a file that is being written."""

LOCK_FILE = ".lock"
"""Names the process that writes in a folder: see `folder_lock`."""

_LONGEST_END = 50  # characters of the file name in the temporary name
_FORGOTTEN = 24 * 3600  # seconds until a partial file of another machine is removed


def named_path(path: PathLike) -> Path:
    """The path; an empty one is refused, because it would mean the current folder.

    Raises:
        UserError: it is empty.
    """
    if not str(path):
        raise UserError("an empty name of a file or folder was given, expected one, or . for here")
    return Path(path)


def optional_path(path: PathLike | None) -> Path | None:
    """The path, if there is one."""
    return None if path is None else named_path(path)


def listed_paths(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """A list of paths from one path or several."""
    return [named_path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path`, and rename it to `path` if nothing fails.

    The rename is atomic on one file system: after a crash at any moment `path` has either its old
    or its complete new content. The temporary name is random, so that no link waits there and
    two writers never share it.

    Raises:
        OSError: naming `path` if an error of files itself names none (a full disk).
        UserError: `path` is a device, a pipe or a socket, which the rename would destroy.
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
        network = isinstance(error, ConnectionError | TimeoutError)
        if error.filename is None and error.errno is not None and not network:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def open_own(path: Path, *, resumed: bool) -> BinaryIO:
    """Open a growing file of this program for reading and writing; its folder is created.

    A new file replaces an existing one unless the run is resumed.

    Raises:
        UserError: the file to continue is a link or not a regular file.
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
    """Flush the names in a folder to the disk, where the system can open folders."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_empty(folder: Path) -> bool:
    """Whether a folder is missing or has only leftovers of a crash: partial files, a lock."""
    if not folder.exists():
        return True
    return all(
        entry.name.startswith(LEFTOVER) or entry.name == LOCK_FILE for entry in folder.iterdir()
    )


def remove_leftovers(folder: Path) -> None:
    """Remove partial files whose writers have ended; a missing folder has none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for entry in folder.iterdir():
            if entry.name.startswith(LEFTOVER) and _is_forgotten(entry):
                with suppress(OSError):  # a folder of that name, or another process was faster
                    entry.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically; bytes of names that are not UTF-8 become escapes."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file atomically."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinity, which JSON does not have, are refused."""
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """The text that `write_json` writes."""
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _name_beside(name: str) -> str:
    """Contains the process, so that the file can be removed once that has ended."""
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
    return True  # written by a version without the process in the name


def _refuse_special(path: Path) -> None:
    """Refuse a folder, device, pipe or socket; of a link, the link itself is checked."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing is there, or the writer will say why
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
        raise UserError(f"{path}: a {kind_of(mode)} is there, expected a file")


def kind_of(mode: int) -> str:
    """The name of a file type other than a regular file."""
    kinds = {stat.S_ISFIFO: "pipe", stat.S_ISSOCK: "socket", stat.S_ISDIR: "folder"}
    return next((name for test, name in kinds.items() if test(mode)), "device")
