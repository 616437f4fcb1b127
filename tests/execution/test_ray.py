"""The executor `ray` on a real cluster: what dies costs time alone."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.execution import Lost
from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.execution.registry import find_executor
from sequence_tutor.storage.processes import is_alive

pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("nodes")
def test_results_are_in_order_and_the_lost_are_named(functions: ModuleType) -> None:
    items = [f"item {number}" for number in range(3000)]
    expected: list[str | Lost] = [one.upper() for one in items]
    for position, what, why in (
        (7, "refuse", Lost.FAILED),
        (100, "crash", Lost.DIED),
        (2500, "hang", Lost.TIMED_OUT),
    ):
        items[position], expected[position] = what, why
    with find_executor("ray")(functions.upper, 2, 2.0) as executor:
        assert executor.map(items) == expected
        assert executor.map([]) == []
        assert executor.map(["a"]) == ["A"]
        with pytest.raises(UserError, match="a fault of the user"):
            executor.map(["a", "user", "b"])
        with pytest.raises(RuntimeError, match="a fault of the program"):
            executor.map(["a", "mistake", "b"])
        assert executor.map(["a", "b"]) == ["A", "B"]
    with pytest.raises(ValueError, match="closed"):
        executor.map(["a"])
    executor.close()


def later(seconds: float, what: Any) -> threading.Thread:
    thread = threading.Timer(seconds, what)
    thread.start()
    return thread


@pytest.mark.usefixtures("nodes")
def test_an_actor_that_is_killed_costs_nothing(functions: ModuleType) -> None:
    items = [f"item {number}" for number in range(400)]
    with RayExecutor(functions.parent) as executor:
        actors = sorted({pid for pid in executor.map(items) if isinstance(pid, int)})
        assert len(actors) == 2  # both nodes worked
        killer = later(1.0, lambda: os.kill(actors[0], signal.SIGKILL))
        told: list[str] = []
        found = executor.stream(items, lambda item, _: told.append(item))
        killer.join()
        assert all(isinstance(pid, int) for pid in found)
        assert sorted(told) == sorted(items)  # each once
        assert executor.replaced >= 1
        begun = time.monotonic()
        while len(set(executor.map(items))) < 2:  # Ray starts it again
            assert time.monotonic() - begun < 60


def test_a_node_that_is_killed_costs_nothing_and_a_new_one_is_used(
    nodes: Any, functions: ModuleType
) -> None:
    items = [f"item {number}" for number in range(400)]
    lost = next(one for one in nodes.list_all_nodes() if one is not nodes.head_node)
    with RayExecutor(functions.slow) as executor:
        assert executor.map(items[:8]) == [one.upper() for one in items[:8]]
        killer = later(1.0, lambda: nodes.remove_node(lost, allow_graceful=False))
        assert executor.map(items) == [one.upper() for one in items]
        killer.join()
        nodes.add_node(num_cpus=1, object_store_memory=100 << 20)
        begun = time.monotonic()
        while executor.cores < 2 or not all(one.is_ready for one in executor._nodes.values()):
            executor.map(items[:50])
            assert time.monotonic() - begun < 120
        assert executor.map(items) == [one.upper() for one in items]


@pytest.mark.usefixtures("nodes")
def test_a_full_object_store_costs_nothing(functions: ModuleType) -> None:
    import ray

    items = [f"item {number}" for number in range(400)]
    with RayExecutor(functions.slow) as executor:
        kept = [ray.put(np.zeros(30 << 20, np.uint8)) for _ in range(5)]  # of 100 MB
        assert executor.map(items) == [one.upper() for one in items]
        del kept


@pytest.mark.usefixtures("nodes")
def test_what_is_interrupted_leaves_no_program_on_a_node(
    functions: ModuleType, tmp_path: Path
) -> None:
    file = tmp_path / "pid"

    def interrupt() -> None:
        while not file.exists():
            time.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    with RayExecutor(functions.starts, timeout=1000.0) as executor:
        later(0.0, interrupt)
        with pytest.raises(KeyboardInterrupt):
            executor.map([str(file)])
    begun = time.monotonic()
    while is_alive(int(file.read_text())):
        assert time.monotonic() - begun < 30
        time.sleep(0.1)


@pytest.mark.usefixtures("nodes")
def test_nodes_that_cannot_load_the_function_say_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def same(item):\n    return item\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    function = importlib.import_module("only_here").same
    why = r"cannot load what it is to compute \(No module named 'only_here'\); install it there"
    with (
        RayExecutor(function) as executor,
        pytest.warns(UserWarning, match=f"is not used: it {why}") as warned,
        pytest.raises(UserError, match=f"no node of the Ray cluster can work, .* it {why}"),
    ):
        executor.map(["a", "b"])
    assert len(warned) == 1
