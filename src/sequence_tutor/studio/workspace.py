"""The folder in which a studio keeps what it tunes; one studio at a time has it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.storage.folder_lock import writing_in

WORKSPACE_VARIABLE = "SEQUENCE_TUTOR_STUDIO"


def default_workspace() -> Path:
    """The folder of the user's data; the environment variable `WORKSPACE_VARIABLE` names another.

    Raises:
        UserError: the user has no home.
    """
    given = os.environ.get(WORKSPACE_VARIABLE, "")
    if Path(given).is_absolute():
        return Path(given)
    home = os.environ.get("XDG_DATA_HOME", "")
    if Path(home).is_absolute():
        return Path(home) / "sequence-tutor" / "studio"
    try:
        return Path.home() / ".local" / "share" / "sequence-tutor" / "studio"
    except RuntimeError as error:
        raise UserError("this user has no home folder: say --workspace FOLDER") from error


@contextmanager
def workspace_of(folder: Path) -> Iterator[Path]:
    """Hold a workspace against other studios.

    Raises:
        UserError: another one has it.
    """

    def no_waiting(_seconds: float) -> None:
        raise _taken(folder)

    with suppress(FileNotFoundError):
        if not folder.is_dir():
            folder.stat()
            raise UserError(f"{folder}: a file is there, expected a folder for the workspace")
    lock = writing_in(folder, no_waiting)
    try:
        lock.__enter__()
    except UserError as error:
        raise _taken(folder) from error
    try:
        yield folder
    finally:
        lock.__exit__(None, None, None)


def _taken(folder: Path) -> UserError:
    return UserError(
        f"{folder}: another studio has this workspace; open its page, or choose another folder "
        "with --workspace"
    )
