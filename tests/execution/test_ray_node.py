"""What a node of a Ray cluster does with a job, without Ray."""

from __future__ import annotations

import importlib
import pickle
import secrets
import sys
import threading
import time
from pathlib import Path

import pytest

from sequence_tutor.execution.ray_node import Chunk, NodeActor, NodeJob, NodeState
from sequence_tutor.storage.processes import is_alive

STARTS = """
import pathlib
import subprocess
import time


def same(file):
    program = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    beside = pathlib.Path(file + "_")
    beside.write_text(str(program.pid))
    beside.rename(file)
    time.sleep(1000)
"""


def job(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> NodeJob:
    """A function of the module `of_nodes`, as it is sent to a node."""
    (folder / "of_nodes.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the file changes within a second
    function = pickle.dumps(importlib.import_module("of_nodes").same)
    monkeypatch.delitem(sys.modules, "of_nodes")  # a node has not loaded it yet
    return NodeJob(function, 30.0, 1 << 40, {})


def test_a_chunk_is_computed_once_it_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its results are the caller's own: those that Ray unpickles are read-only."""
    text = "import numpy as np\n\ndef same(item):\n    return np.full(3, item)\n"
    asked = job(tmp_path, text, monkeypatch)
    actor = NodeActor(secrets.token_hex(16))
    assert actor.compute([1, 2]) is None  # Ray has started it again
    assert actor.begin(asked, 1) == NodeState()
    found = actor.compute([1, 2])
    actor.close()
    assert isinstance(found, Chunk)
    results = pickle.loads(found.results)
    assert [one.tolist() for one in results] == [[1, 1, 1], [2, 2, 2]]
    assert all(one.flags.writeable for one in results)


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize("again", [True, False])
def test_programs_that_it_has_started_end_with_it(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where Ray had to start it again; and while it computes, as the group allows."""
    asked = job(tmp_path, STARTS, monkeypatch)
    mark = secrets.token_hex(16)
    actor = NodeActor(mark)
    assert actor.begin(asked, 1) == NodeState()
    computing = threading.Thread(target=actor.compute, args=([str(tmp_path / "pid")],))
    computing.start()
    begun = time.monotonic()
    while not (tmp_path / "pid").exists():
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    program = int((tmp_path / "pid").read_text())
    assert is_alive(program)
    if again:
        NodeActor(mark)
    else:
        actor.close()
    while is_alive(program):
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    actor.close()
    computing.join(60)
    assert not computing.is_alive()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (None, "No module named 'of_nodes'); install it there"),
        ("", "Can't get attribute 'same' on <module 'of_nodes'"),
        ("import rdkit_of_nobody", "No module named 'rdkit_of_nobody'); install it there"),
        ("from json import same", "install the same version there"),
    ],
)
def test_a_node_with_another_module_refuses(
    there: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not used then, while the others go on."""
    asked = job(tmp_path, "def same(item):\n    return item\n", monkeypatch)
    if there is None:
        (tmp_path / "of_nodes.py").unlink()
    else:
        (tmp_path / "of_nodes.py").write_text(there)
    importlib.invalidate_caches()
    state = NodeActor(secrets.token_hex(16)).begin(asked, 1)
    assert said in state.refusal
    assert state.refusal.startswith("cannot load what it is to compute (")
