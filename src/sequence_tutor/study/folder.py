"""A study as a folder: `study.json` and `clips/`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import said
from sequence_tutor.storage.files import write_json
from sequence_tutor.study.design import FORMAT, Study

STUDY_FILE = "study.json"
ANSWERS_FILE = "answers.sqlite"


def clip_path(folder: Path, name: str) -> Path:
    """Where a clip's sound is."""
    return folder / "clips" / f"{name}.wav"


def save_study(folder: Path, study: Study) -> None:
    """Write `study.json`; the clips are there already, so that a study is never half a one."""
    write_json(folder / STUDY_FILE, study.model_dump(mode="json"))


def load_study(folder: Path) -> Study:
    """Read a study and make sure that every clip is there and is what it was.

    Raises:
        UserError: no study, a damaged one, or a clip that is missing or another.
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
