"""The Python that pages show runs as it stands there, but for sizes."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUNE = '"steps": 2, "batch": 16, "collect": 16, "evaluate_samples": 64, "replay": {"capacity": 64}'

SMALL = {
    "README.md": {'"c": 4.0': f'"c": 4.0, {TUNE}', "samples=10_000": "samples=64"},
    "docs/start/researcher.md": {'"steps": 200': TUNE, "samples=2_000": "samples=64"},
}
"""Page -> what is written there, and what is put in its place."""

SILENT = "docs/algorithms/seqgan.md"
"""A page whose program tunes and prints nothing of its own."""

DESIGNS = "docs/designing.md"
"""A page whose program tunes nothing."""


def programs(page: Path) -> list[str]:
    """The blocks of a page that use the package."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    return [block for block in blocks if "import sequence_tutor" in block]


def test_no_program_is_forgotten() -> None:
    pages = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    assert {str(page.relative_to(ROOT)) for page in pages if programs(page)} == {
        *SMALL,
        SILENT,
        DESIGNS,
    }


@pytest.mark.slow
def test_a_program_that_tunes_leaves_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = programs(ROOT / SILENT)
    (tmp_path / "program.py").write_text(program.replace('"steps": 200', TUNE), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("program.py")
    assert (tmp_path / "runs" / "gan" / "policy.safetensors").exists()


@pytest.mark.slow
def test_a_program_that_designs_prints_molecules(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = programs(ROOT / DESIGNS)
    exec(program.replace("prior, 20", "prior, 4"), {})
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("page", SMALL)
def test_programs_run_and_print_a_line_for_each_model(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # the researcher's page has one more, with objects in memory: tests/verbs/test_in_memory.py
    (program,) = (
        one for one in programs(ROOT / page) if all(shown in one for shown in SMALL[page])
    )
    for shown, small in SMALL[page].items():
        program = program.replace(shown, small)
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("program.py")
    prior, tuned = capsys.readouterr().out.splitlines()
    assert "Estimate(" in prior
    assert "Estimate(" in tuned
