"""The example of the page on docking gives the numbers that the page shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit import program

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "docking"
PACKAGES = "SEQUENCE_TUTOR_DOCKING"
"""Environment variable: a folder with Vina and Meeko (`pip install --target FOLDER -r ...`)."""


def environment(folder: Path) -> dict[str, str]:
    """The example's own packages; `python` is that of the tests."""
    path = [os.environ.get(PACKAGES, ""), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "SEQUENCE_TUTOR_STATE": str(folder / "state"),
    }


def run_in(folder: Path, *command: str) -> str:
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def example(tmp_path: Path) -> Path:
    folder = tmp_path / "docking"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("poses", "answers", "*.pdbqt"))
    run_in(folder, sys.executable, "make_pocket.py")
    return folder


@pytest.mark.slow
def test_five_molecules_are_docked_once_and_have_the_page_s_numbers(example: Path) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    there = [sys.executable, "-c", "import vina, meeko"]
    if subprocess.run(there, env=environment(example), check=False, capture_output=True).returncode:
        pytest.skip(f"Vina and Meeko are not installed, nor in the folder {PACKAGES}")
    asked = program("score", "molecule", "five.smi", "--config", "dock.toml", "--quiet")
    run_in(example, *asked, "--json", "first.jsonl")
    lines = [json.loads(line) for line in (example / "first.jsonl").read_text().splitlines()]
    terms = {one["name"]: one["terms"] for one in lines}
    row = r"^\| (\w+) \| (-\d\.\d\d) \| (-\d\.\d\d) \|$"
    page = re.findall(row, (DOCS / "docking.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, *_ in page] == list(terms)
    for name, affinity, efficiency in page:
        # another version of a library may find a conformer that is a little different
        assert terms[name]["affinity"] == pytest.approx(float(affinity), abs=0.1)
        assert terms[name]["efficiency"] == pytest.approx(float(efficiency), abs=0.03)
    poses = {path.stat().st_mtime_ns for path in (example / "poses").iterdir()}
    assert len(poses) == 5
    run_in(example, *asked, "--json", "second.jsonl")
    assert (example / "second.jsonl").read_bytes() == (example / "first.jsonl").read_bytes()
    assert {path.stat().st_mtime_ns for path in (example / "poses").iterdir()} == poses


def test_the_made_pocket_is_open_at_the_top_alone(example: Path) -> None:
    lines = (example / "pocket.pdbqt").read_text().splitlines()
    atoms = [[float(line[begin : begin + 8]) for begin in (30, 38, 46)] for line in lines]
    assert len(atoms) == 48  # four fifths of 60: the heights are spread evenly from -1 to 1
    assert all(abs(sum(x * x for x in atom) - 6.5**2) < 0.02 for atom in atoms)
    assert max(z for _, _, z in atoms) < 0.6 * 6.5 < 6.5 * 0.65
    assert min(z for _, _, z in atoms) < -0.95 * 6.5
