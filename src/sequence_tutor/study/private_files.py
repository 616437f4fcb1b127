"""Files that hold secrets: their owner reads them, nobody else, from the first byte on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sequence_tutor.errors import UserError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
OTHERS = 0o077
_BESIDE = ("", "-wal", "-shm", "-journal")  # what SQLite writes beside a database


def make_private(database: Path) -> None:
    """Prepare a database and its place before SQLite opens it.

    SQLite gives the files beside a database the mode of the database, so that is set first; what
    an earlier version left is put right.

    Args:
        database: the file, which is made where it is not there; its folder is.

    Raises:
        UserError: a link is there, or something that is no file.
    """
    for ending in _BESIDE:
        path = database.with_name(database.name + ending)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UserError(f"{path}: a link or no file is there, expected a file of its own")
    with suppress(PermissionError):  # another user's folder is theirs to keep
        database.parent.chmod(PRIVATE_FOLDER)
    try:
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except FileExistsError:
        for ending in _BESIDE:
            path = database.with_name(database.name + ending)
            if path.exists() and path.stat().st_mode & OTHERS:
                path.chmod(PRIVATE_FILE)
