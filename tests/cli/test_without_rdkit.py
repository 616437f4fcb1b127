"""Every verb of molecules where RDKit is not installed, and one that needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "tune molecule --out none",
    "pretrain molecule --data mine.smi --out none",
    "sample molecule --out none",
    "score molecule mine.smi",
    "evaluate molecule",
    "check molecule",
    "compare molecule --out none",
    "frontier molecule --c 1,2 --out none",
    "terms list molecule",
    "benchmark molecule pmo --out none",
    "benchmark molecule moses --reference mine.smi --out none",
)
PROGRAM = """
import sys
from pathlib import Path
sys.modules["rdkit"] = None

from sequence_tutor import *
from sequence_tutor import __all__ as names
assert set(names) <= set(globals())
for call in (
    lambda: benchmark("pmo", Path("none")),
    lambda: moses(load_model("molecule"), Path("mine.smi")),
    lambda: tune("molecule", Path("none")),
):
    try:
        call()
    except UserError as error:
        assert "pip install 'sequence-tutor[molecule]'" in str(error)
    else:
        raise AssertionError("expected a sentence")

from sequence_tutor.cli import main
for command in sys.argv[1:]:
    assert main(command.split()) == 2, command
assert main("tune toy --steps 1 --threads 1 --quiet --out run".split()) == 0
"""


def test_functions_and_commands_name_it_in_one_sentence(tmp_path: Path) -> None:
    """All in one process: starting another and importing everything takes seconds."""
    (tmp_path / "mine.smi").write_text("CCO\n")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *COMMANDS], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    sentences = run.stderr.splitlines()
    assert len(sentences) == len(COMMANDS)
    assert all("pip install 'sequence-tutor[molecule]'" in one for one in sentences)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.smi", "run"}
