"""Studies read back, and those that are not what they should be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.study.folder import clip_path, load_study

from .conftest import small_study


def test_a_study_comes_back_as_it_was_made(tmp_path: Path) -> None:
    made = small_study(tmp_path / "study")
    assert load_study(tmp_path / "study") == made


def _one_model(tables: dict[str, Any]) -> None:
    tables["models"] = tables["models"][:1]


def _unknown_clip(tables: dict[str, Any]) -> None:
    tables["pairs"][0]["left"] = "nowhere"


def _uneven(tables: dict[str, Any]) -> None:
    tables["pairs"].pop()


def _more_rounds(tables: dict[str, Any]) -> None:
    tables["rounds"] = 9


def _other_format(tables: dict[str, Any]) -> None:
    tables["format"] = 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_one_model, "expected at least two, each once"),
        (_unknown_clip, "the clip 'nowhere', which is not among the clips"),
        (_uneven, "equally often"),
        (_more_rounds, "rounds is 9, expected at most 4"),
        (_other_format, "not a study of this version"),
    ],
)
def test_a_study_that_does_not_hang_together(
    change: Callable[[dict[str, Any]], None], complaint: str, study_folder: Path
) -> None:
    path = study_folder / "study.json"
    tables = json.loads(path.read_text())
    change(tables)
    path.write_text(json.dumps(tables))
    with pytest.raises(UserError, match=rf"study\.json.*{complaint}") as caught:
        load_study(study_folder)
    assert "\n" not in str(caught.value)


def test_clips_that_are_gone_or_changed_and_files_that_are_no_study(study_folder: Path) -> None:
    study = load_study(study_folder)
    first, second, *_ = (clip_path(study_folder, name) for name in study.clips)
    first.write_bytes(first.read_bytes() + b"more")
    with pytest.raises(UserError, match=rf"{first.name}: not the clip"):
        load_study(study_folder)
    second.unlink()
    first.unlink()
    with pytest.raises(UserError, match=rf"{first.name}: the clip is not there"):
        load_study(study_folder)
    for text in ("{", "[" * 100_000):
        (study_folder / "study.json").write_text(text)
        with pytest.raises(UserError, match="not a JSON file"):
            load_study(study_folder)
    with pytest.raises(UserError, match="expected what `study make` writes"):
        load_study(study_folder / "nowhere")
