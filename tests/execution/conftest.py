"""Real Ray clusters of nodes on this machine."""

from __future__ import annotations

import importlib
import os
import secrets
import signal
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from sequence_tutor.storage.processes import end_marked

FUNCTIONS = """
import os
import pathlib
import signal
import subprocess
import time

from sequence_tutor.errors import UserError


def upper(string):
    if string == "hang":
        time.sleep(1000)
    if string == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if string == "refuse":
        raise ValueError("a fault of the string")
    if string == "mistake":
        raise NameError("a fault of the program")
    if string == "user":
        raise UserError("a fault of the user")
    return string.upper()


def slow(string):
    time.sleep(0.02)
    return string.upper()


def parent(string):
    time.sleep(0.02)
    return os.getppid()


def starts(file):
    program = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    beside = pathlib.Path(file + "_")
    beside.write_text(str(program.pid))
    beside.rename(file)
    time.sleep(1000)
"""
SMALL: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 << 20}
MARK = "SEQUENCE_TUTOR_TEST_CLUSTER"
TIMES = {"RAY_raylet_start_wait_time_s": "600", "RAY_agent_register_timeout_ms": "600000"}
"""A busy machine needs longer to start a node than Ray waits for."""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A module that the nodes can import too."""
    folder = tmp_path_factory.mktemp("functions")
    (folder / "functions_on_nodes.py").write_text(FUNCTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield importlib.import_module("functions_on_nodes")


def add_node(cluster: Any) -> None:
    """A node of one CPU."""
    cluster.add_node(**SMALL)


def new_cluster(**head: Any) -> Any:
    """Two nodes of one CPU each."""
    from ray.cluster_utils import Cluster

    head = {**SMALL, "include_dashboard": False, **head}
    found = Cluster(initialize_head=True, head_node_args=head)
    add_node(found)
    return found


@pytest.fixture(scope="module")
def settings_of_ray(functions: ModuleType) -> Iterator[None]:  # noqa: ARG001  # it sets their path
    """What nodes need on a busy machine; the handlers of signals are as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in TIMES.items():
            patch.setenv(name, value)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        mark = secrets.token_hex(16)
        patch.setenv(MARK, mark)
        yield
        end_marked(MARK, mark)  # Ray's agents outlive a head that was killed
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def cluster(settings_of_ray: None) -> Iterator[Any]:  # noqa: ARG001
    """One cluster for most tests, which the executor `ray` finds."""
    found = new_cluster()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", found.address)
        try:
            yield found
        finally:
            import ray

            ray.shutdown()
            found.shutdown()


@pytest.fixture
def nodes(cluster: Any) -> Any:
    """The cluster with both of its nodes."""
    while len(cluster.list_all_nodes()) < 2:
        add_node(cluster)
    return cluster


@pytest.fixture(scope="module")
def clusters(settings_of_ray: None) -> Any:  # noqa: ARG001
    """Makes clusters of two nodes; whoever makes one shuts it down."""
    return new_cluster
