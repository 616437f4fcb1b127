"""Tables of an evaluation are read as they were saved; other files are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.reporting.saved_table import SavedTable, read_table

TABLE: dict[str, Any] = {
    "models": [
        {
            "name": "psi",
            "domain": "melody",
            "tune": {"c": 1.0},
            "weights": {"tonic": 1.0},
            "statistics": {"distinct": {"value": 1, "low": 1, "high": None}},
        }
    ],
    "published": {},
    "samples": 2,
    "seed": 0,
}


def test_a_table_is_read_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    written = SavedTable.model_validate(TABLE)
    path.write_text(written.model_dump_json())
    assert read_table(path) == written


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"models": [{"name": 1}]}', "\x00"])
def test_something_else_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"table.json: no table of this program"):
        read_table(path)


def test_a_table_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"models": [], "published": {}, "samples": 2, "seed": 0}))
    with pytest.raises(UserError, match="no model in it"):
        read_table(path)
