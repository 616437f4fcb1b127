"""Rules of somebody else's package are tuned with, compared and reported by the name they have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sequence_tutor import compare, evaluate, load_model, report, tune
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError
from sequence_tutor.reward.user_terms import load_user_terms, rules_file

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "early_rules"
SHORT = {"batch": 8, "collect": 8, "steps": 4, "evaluate_every": 4, "evaluate_samples": 16}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `pip install` leaves of the example, and of a package without its module."""
    points = read_toml(EXAMPLE / "pyproject.toml")["project"]["entry-points"]
    folder = tmp_path / "site" / "early-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: early\nVersion: 0.1.0\n")
    lines = [f"{name} = {value}\n" for name, value in points["sequence_tutor.rules"].items()]
    text = f"[sequence_tutor.rules]\n{''.join(lines)}gone = no_such.module\n"
    (folder / "entry_points.txt").write_text(text)
    shutil.copy(EXAMPLE / "early_rules.py", folder.parent)
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder.parent


def test_a_name_means_the_module_of_the_package(site: Path) -> None:
    file = rules_file("early")
    assert file == site / "early_rules.py"
    assert [(term.name, term.weight) for term in load_user_terms(file)] == [("soon", 4.0)]
    assert rules_file(None) is None
    assert rules_file("mine.py") == Path("mine.py")
    with pytest.raises(UserError, match=r"rules gone: the module no_such\.module of its package"):
        rules_file("gone")


@pytest.mark.usefixtures("site")
def test_they_are_tuned_with_evaluated_and_reported(tmp_path: Path) -> None:
    run = tmp_path / "run"
    tune("melody", run, rules="early", overrides={"tune": SHORT}, threads=1, quiet=True)
    (column,) = evaluate([load_model(run)], samples=16, particles=8).columns
    assert any("soon" in name for name in column.statistics)
    page = report(run, tmp_path / "page.html", samples=16, trust=True, quiet=True)
    assert "soon" in page.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("site", "few_particles")
def test_methods_are_compared_by_them(tmp_path: Path) -> None:
    out = tmp_path / "compared"
    compared = compare(
        "melody",
        out,
        ["psi"],
        budget=32,
        seeds=1,
        samples=16,
        rules="early",
        threads=1,
        quiet=True,
        overrides={"tune": {**SHORT, "steps": 500}},
    )
    assert [run.name for run in compared.runs] == ["psi"]
    (record,) = out.rglob("run.json")
    assert "early_rules.py" in record.read_text(encoding="utf-8")
