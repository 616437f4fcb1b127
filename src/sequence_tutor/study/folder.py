"""A study as a folder: `study.json`, `clips/` and, readable by its owner only, the answers."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import said
from sequence_tutor.storage.files import write_json
from sequence_tutor.study.design import FORMAT, Study

STUDY_FILE = "study.json"
ANSWERS_FILE = "answers.sqlite"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
OTHERS = 0o077
_BESIDE = ("", "-wal", "-shm", "-journal")  # files of an SQLite database


def clip_path(folder: Path, name: str) -> Path:
    """The sound file of a clip."""
    return folder / "clips" / f"{name}.wav"


def save_study(folder: Path, study: Study) -> None:
    """Write `study.json`, after the clips, so that a study with this file is complete."""
    write_json(folder / STUDY_FILE, study.model_dump(mode="json"))


def load_study(folder: Path) -> Study:
    """Read a study and check that every clip is present and unchanged.

    Raises:
        UserError: no study, a damaged one, or a clip that is missing or changed.
    """
    path = folder / STUDY_FILE
    if not path.is_file():
        raise UserError(f"{folder}: no {STUDY_FILE} is there, expected what `study make` writes")
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # the latter of brackets within brackets
        raise UserError(
            f"{path}: not a JSON file; restore it from a copy ({said(error)})"
        ) from error
    if not isinstance(tables, dict) or tables.get("format") != FORMAT:
        raise UserError(f"{path}: not a study of this version, expected format {FORMAT}")
    study = build(Study, tables, str(path))
    for name, clip in study.clips.items():
        sound = clip_path(folder, name)
        if not sound.is_file():
            raise UserError(f"{sound}: the clip is not there, expected all that {path} names")
        if hashlib.sha256(sound.read_bytes()).hexdigest() != clip.sha256:
            raise UserError(
                f"{sound}: not the clip that {path} was made with; restore it from a copy"
            )
    return study


def make_private(database: Path) -> None:
    """Create a database, or correct its mode, before SQLite opens it; its folder exists.

    SQLite gives the files beside a database the mode of the database.

    Raises:
        UserError: a link or something other than a file has its name.
    """
    files = [database.with_name(database.name + ending) for ending in _BESIDE]
    for path in files:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UserError(f"{path}: a link or no file is there, expected a file of its own")
    with suppress(PermissionError):  # a folder of another user stays as it is
        database.parent.chmod(PRIVATE_FOLDER)
    try:
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    except FileExistsError:
        for path in files:
            if path.exists() and path.stat().st_mode & OTHERS:
                path.chmod(PRIVATE_FILE)
