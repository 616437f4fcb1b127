"""Programs that take their files along to another machine."""

from __future__ import annotations

import pickle
import shlex
import sys
import tempfile
from pathlib import Path

import pytest

from sequence_tutor.execution.shipped import ShippedProgram

PROGRAM = """
import json, pathlib, sys

texts = [pathlib.Path(one.rpartition("=")[2]).read_text() for one in sys.argv[1:3]]
here = str(pathlib.Path.cwd())
for line in sys.stdin:
    print(json.dumps({"value": 1, "texts": texts, "here": here, "words": sys.argv[3:]}))
"""


@pytest.mark.parametrize("option", ["", "--receptor="])
def test_files_go_with_the_command_that_names_them(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other, machine = tmp_path / "own", tmp_path / "other", tmp_path / "machine"
    for folder in (own, other, machine):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(machine))
    (own / "dock.py").write_text(PROGRAM)
    (own / "pocket.txt").write_text("seven")
    (other / "pocket.txt").write_text("nine")
    files = f"{option}pocket.txt", f"{option}{other / 'pocket.txt'}"
    words = "--mode=fast", f"{option}none.txt"
    command = shlex.join([sys.executable, "dock.py", *files, *words])
    sent = pickle.dumps(ShippedProgram(command, own, 60.0, 1, ("value",), is_batch=False))
    for folder in (own, other):  # the other machine has none of them
        for path in folder.iterdir():
            path.unlink()
    answer = pickle.loads(sent)(["C"])[0]
    assert answer["texts"] == ["seven", "nine"]
    assert Path(answer["here"]).is_relative_to(machine)
    assert answer["words"] == list(words)
