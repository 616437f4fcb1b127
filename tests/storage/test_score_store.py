"""Answers are on the disk as they come, shared by processes, and survive a torn last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage.score_store import ScoreStore

SCORER, OTHER = "a" * 64, "b" * 64
WRITER = """
import os, sys
from pathlib import Path
from sequence_tutor.storage.score_store import ScoreStore
store = ScoreStore(Path(sys.argv[1]))
store.put("a" * 64, "a test", "CCO", {"value": 0.1})
os.kill(os.getpid(), 9)
"""


def test_a_killed_process_loses_nothing_that_it_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    reader = ScoreStore(folder)
    assert reader.answers(SCORER) == {}
    assert not folder.exists()  # nothing was written
    assert subprocess.run([sys.executable, "-c", WRITER, str(folder)], check=False).returncode == -9
    reader.refresh()
    assert reader.answers(SCORER) == {"CCO": {"value": 0.1}}
    assert reader.answers(OTHER) == {}


def test_stores_of_one_folder_see_each_others_answers(tmp_path: Path) -> None:
    one, other = ScoreStore(tmp_path), ScoreStore(tmp_path)
    one.put(SCORER, "a test", "C", {"value": 1})
    other.put(SCORER, "a test", "CC", {"value": 2, "pose": "a.sdf"})
    one.put(OTHER, "another", "C", {"value": None})
    one.sync()
    other.sync()
    one.refresh()
    other.refresh()
    whole = {"C": {"value": 1}, "CC": {"value": 2, "pose": "a.sdf"}}
    assert one.answers(SCORER) == other.answers(SCORER) == whole
    one.put(SCORER, "a test", "CCC", {"value": 3})  # it may be used again
    one.sync()
    again = ScoreStore(tmp_path)
    assert again.answers(SCORER) == {**whole, "CCC": {"value": 3}}
    assert again.answers(OTHER) == {"C": {"value": None}}


def test_damaged_and_torn_lines_are_skipped(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path)
    store.put(SCORER, "a test", "C", {"value": 1})
    store.put(SCORER, "a test", "CC", {"value": 2})
    store.sync()
    (path,) = tmp_path.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[0]) == {"scorer": SCORER[:16], "is": "a test"}
    path.write_bytes(b"".join([lines[0], b"nonsense\n", b"[1]\n", lines[1], lines[2][:-5]]))
    again = ScoreStore(tmp_path)
    assert again.answers(SCORER) == {"C": {"value": 1}}
    path.write_bytes(path.read_bytes() + lines[2][-5:])
    again.refresh()
    assert again.answers(SCORER) == {"C": {"value": 1}, "CC": {"value": 2}}


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    path.touch()
    with pytest.raises(UserError, match="a file is there, expected a folder for scores"):
        ScoreStore(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    store = ScoreStore(tmp_path)
    store.put(SCORER, "a test", "C", {"value": 1})
    assert store.answers(SCORER) == {"C": {"value": 1}}
    assert not list(tmp_path.iterdir())
