"""What a node of a Ray cluster does with a job, without Ray."""

from __future__ import annotations

import importlib
import pickle
import sys
from pathlib import Path

import pytest

from sequence_tutor.execution.ray_node import Chunk, NodeActor, NodeJob, NodeState


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
    actor = NodeActor()
    assert actor.compute([1, 2]) is None  # Ray has started it again
    assert actor.begin(asked, 1) == NodeState()
    found = actor.compute([1, 2])
    actor.close()
    assert isinstance(found, Chunk)
    results = pickle.loads(found.results)
    assert [one.tolist() for one in results] == [[1, 1, 1], [2, 2, 2]]
    assert all(one.flags.writeable for one in results)


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
    state = NodeActor().begin(asked, 1)
    assert said in state.refusal
    assert state.refusal.startswith("cannot load what it is to compute (")
