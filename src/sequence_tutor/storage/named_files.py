"""Files that the user names: links are followed, devices and pipes are written to.

If `results/latest.json` is a link, `--json results/latest.json` replaces its target and keeps the
link; `--json /dev/stdout` writes there. Regular files are replaced atomically, as in `files`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import PathLike, json_text, kind_of, named_path, replacing

_DESCRIPTOR = re.compile(r"/(?:dev/fd|proc/(?:self|\d+)(?:/task/\d+)?/fd)/(\d+)")
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40  # one after the other, as Linux has it


@contextmanager
def writing(path: PathLike) -> Iterator[Path]:
    """Give a path to write to, whose content then goes to `path`.

    Raises:
        OSError: naming `path` or its target, if that cannot be written.
        UserError: an empty name, or a socket.
    """
    path = named_path(path)
    descriptor = _descriptor(path)
    if descriptor is None and not is_special(path):
        with replacing(_followed(path)) as beside:
            yield beside
        return
    with TemporaryDirectory() as folder:
        beside = Path(folder) / (path.name or "file")
        yield beside
        _pour(beside.read_bytes(), path, descriptor)


def write_named_text(path: PathLike, text: str) -> None:
    """Write a text to a path that the user named."""
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8", errors="backslashreplace")  # of names


def write_named_json(path: PathLike, value: Any) -> None:
    """Write JSON to a path that the user named; NaN and infinity are refused."""
    write_named_text(path, json_text(value))


def is_special(path: Path) -> bool:
    """Whether the path is something other than a file or a folder, such as a device.

    Standard output under any of its names is, whatever it is connected to.
    """
    if _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _followed(path: Path) -> Path:
    """The final target of a link, whether it exists or not."""
    if not path.is_symlink():
        return path
    with suppress(FileNotFoundError):
        path.stat()
    return Path(os.path.realpath(path))


def _descriptor(path: Path) -> int | None:
    """The number of the open file that a name such as /dev/stdout stands for."""
    for _ in range(_MOST_LINKS):
        text = os.path.abspath(path)  # noqa: PTH100  # resolve() would follow the last link too
        if text in _STANDARD:
            return _STANDARD[text]
        found = _DESCRIPTOR.fullmatch(text)
        if found:
            own = text.startswith(("/dev/", "/proc/self/", f"/proc/{os.getpid()}/"))
            return int(found[1]) if own else None
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _pour(content: bytes, path: Path, descriptor: int | None) -> None:
    """Write into an existing device, pipe or open file; refuse a socket."""
    if descriptor is None and stat.S_ISSOCK(path.stat().st_mode):
        raise UserError(f"{path}: a {kind_of(path.stat().st_mode)} is there, expected a file")
    for stream in (sys.stdout, sys.stderr):  # what was printed comes first
        if stream is not None:
            stream.flush()
    try:
        number = os.open(path, os.O_WRONLY) if descriptor is None else os.dup(descriptor)
        with os.fdopen(number, "wb") as file:
            file.write(content)
    except BrokenPipeError:  # a reader who has seen enough, as with what is printed
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
