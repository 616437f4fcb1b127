"""Answers files: read back, and refused where they are not this study's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.study.answers import read_answers
from sequence_tutor.study.folder import load_study

from .conftest import answered


def file_of(folder: Path) -> dict[str, Any]:
    study = load_study(folder)
    answers = [answer.model_dump() for answer in answered(study, 0).answers]
    return {"format": 1, "study": study.digest, "listener": "0123456789", "answers": answers}


def test_a_file_comes_back(study_folder: Path) -> None:
    path = study_folder / "answers.json"
    path.write_text(json.dumps(file_of(study_folder)))
    study = load_study(study_folder)
    found = read_answers(path, study)
    assert (found.name, found.answers) == ("0123456789", answered(study, 0).answers)


def _other_study(file: dict[str, Any]) -> None:
    file["study"] = "0" * 64


def _out_of_range(file: dict[str, Any]) -> None:
    file["answers"][1]["preference"] = 6


def _no_pair(file: dict[str, Any]) -> None:
    file["answers"][0]["left"] = file["answers"][1]["left"]


def _twice(file: dict[str, Any]) -> None:
    first = file["answers"][0]
    file["answers"].append({**first, "left": first["right"], "right": first["left"]})


def _more(file: dict[str, Any]) -> None:
    file["model"] = "psi"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_other_study, "answers of another study"),
        (_out_of_range, r"answers\.1\.preference is 6, expected .*5"),
        (_no_pair, ".*which is no pair of it"),
        (_twice, "2 answers about .*, expected one"),
        (_more, "unknown name 'model'"),
    ],
)
def test_a_file_of_something_else(
    change: Callable[[dict[str, Any]], None], complaint: str, study_folder: Path
) -> None:
    path, file = study_folder / "answers.json", file_of(study_folder)
    change(file)
    path.write_text(json.dumps(file))
    with pytest.raises(UserError, match=rf"answers\.json: {complaint}"):
        read_answers(path, load_study(study_folder))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 1}', "1" * 2**21, "[" * 2**19, "\udcff"]
)
def test_what_is_no_answers_file(content: str, study_folder: Path) -> None:
    path = study_folder / "answers.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(UserError, match=r"answers\.json"):
        read_answers(path, load_study(study_folder))
