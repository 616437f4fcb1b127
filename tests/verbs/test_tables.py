"""`tables --seeds` trains every column again and says how far its figures scatter."""

import json
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.results import COLUMNS, tables

FEW = {
    "steps": 2,
    "batch": 8,
    "collect": 8,
    "collect_every": 1,
    "evaluate_every": 2,
    "evaluate_samples": 16,
    "replay": {"capacity": 64},
}


def test_a_table_of_no_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seeds is 0, expected at least 1"):
        tables(tmp_path / "tables", seeds=0)
    assert not (tmp_path / "tables").exists()


@pytest.mark.slow
def test_the_spread_between_seeds_stands_beside_the_table(tmp_path: Path) -> None:
    out = tmp_path / "tables"
    evaluation = tables(out, samples=20, seeds=2, overrides={"tune": FEW}, threads=1, quiet=True)
    assert [column.model.name for column in evaluation.columns] == ["prior", *COLUMNS]
    groups = json.loads((out / "seeds.json").read_text())["groups"]
    assert [(group["name"], group["seeds"]) for group in groups] == [
        (name, [0, 1]) for name in COLUMNS
    ]
    assert "| reward per sequence |" in (out / "seeds.md").read_text()
    page = tmp_path / "report.html"
    report([out / "psi", out / "psi-seed-1"], page, samples=20, quiet=True)
    assert "Between training seeds" in page.read_text()
