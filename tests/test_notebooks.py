"""The notebooks run from top to bottom on what the package promises, and keep no results."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import sequence_tutor

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
PATIENCE = 900  # seconds a cell; machines that test are busy

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each
def test_only_promised_names_are_used_and_no_result_is_kept(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        imported = re.findall(r"^(?:import|from) (\S+)", cell.source, re.MULTILINE)
        assert set(imported) <= {"pathlib", "sequence_tutor", "torch"}
        for name in re.findall(r"\bst\.(\w+)", cell.source):
            assert name in sequence_tutor.__all__


@pytest.mark.slow
@each
def test_it_runs_and_shows_what_it_makes(path: Path, tmp_path: Path) -> None:
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=PATIENCE,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    shown = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert sum("<iframe srcdoc=" in html for html in shown) == 2  # before, and after
    assert sum("<strong>" in html for html in shown) == 2  # the prior, the tuned model
    assert sum("each model, seed 0" in html for html in shown) == 1
    (page,) = tmp_path.glob("*/report.html")
    assert page.stat().st_size > 100_000
