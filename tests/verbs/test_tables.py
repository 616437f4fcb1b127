"""`tables`: trainings side by side, packages of others, and the scatter between seeds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit import run, sentence
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.results import COLUMNS, tables
from sequence_tutor.verbs.training import Training, train_side_by_side

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FEW: dict[str, Any] = {
    "steps": 2,
    "batch": 8,
    "collect": 8,
    "collect_every": 1,
    "evaluate_every": 2,
    "evaluate_samples": 16,
    "replay": {"capacity": 64},
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `pip install` leaves of an algorithm, of rules and of an executor."""
    folder, names = tmp_path / "site", ("contrast", "early_rules", "in_threads")
    for name in names:
        metadata = folder / f"{name}-0.1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        project = read_toml(EXAMPLES / name / "pyproject.toml")["project"]
        ((group, points),) = project["entry-points"].items()
        lines = [f"{one} = {value}\n" for one, value in points.items()]
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")
        shutil.copy(EXAMPLES / name / f"{name}.py", folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in names:
        sys.modules.pop(name, None)


def trainings(folder: Path) -> list[Training]:
    """Of the preset without aims: those are measured on thousands of melodies first."""
    overrides = [{"tune": {**FEW, "seed": seed}} for seed in (0, 1)]
    named = (folder / f"seed-{seed}" for seed in (0, 1))
    return [Training(out, "paper", one, None) for out, one in zip(named, overrides, strict=True)]


def test_a_table_of_no_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="seeds is 0, expected at least 1"):
        tables(tmp_path / "tables", seeds=0)
    assert not (tmp_path / "tables").exists()


def test_an_unknown_executor_or_file_of_rules_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tables"
    assert run("tables", "--out", out, "--executor", "lokal", "--quiet") == 2
    assert "executor is 'lokal': did you mean 'local'?" in sentence(capsys)
    assert run("tables", "--out", out, "--rules", "no.py", "--executor", "local", "--quiet") == 2
    assert "no.py: there is no such file of rules" in sentence(capsys)
    assert not out.exists()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("executor", ["threads", pytest.param("local", marks=pytest.mark.slow)])
def test_an_executor_trains_what_this_process_would(executor: str, tmp_path: Path) -> None:
    here, there = trainings(tmp_path / "here"), trainings(tmp_path / "there")
    for one in here:
        one.finish(1, quiet=True)
    train_side_by_side(there, executor, 1, quiet=True)
    for one, other in zip(here, there, strict=True):
        assert (one.out / POLICY_FILE).read_bytes() == (other.out / POLICY_FILE).read_bytes()
        other.finish(1, quiet=True)  # nothing is left to do


@pytest.mark.slow
@pytest.mark.usefixtures("site")
def test_the_packages_of_others_have_a_column_and_a_row_and_compute(tmp_path: Path) -> None:
    out = tmp_path / "tables"
    found = tables(
        out,
        samples=20,
        overrides={"tune": FEW},
        rules="early",
        executor="threads",
        threads=1,
        quiet=True,
    )
    assert [one.model.name for one in found.columns] == ["prior", *COLUMNS, "contrast"]
    assert "| contrast |" in (out / "table.md").read_text(encoding="utf-8")
    for column in found.columns:
        assert any("soon" in name for name in column.statistics)
    rows = (out / "table.md").read_text(encoding="utf-8").splitlines()
    assert any(row.startswith("| ") and "soon" in row.split("|")[1] for row in rows)


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
