"""Users' programs end with the process that started them, whichever way it ends."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sequence_tutor.execution.watcher import Watcher
from sequence_tutor.storage.processes import is_alive

PROGRAM = """
import os, pathlib, subprocess, sys, time
started = subprocess.Popen(["sleep", "1000"], start_new_session=True)
file = pathlib.Path(sys.argv[1])
file.with_suffix(".new").write_text(f"{os.getpid()} {started.pid}")
file.with_suffix(".new").rename(file)
while True:
    time.sleep(1000)
"""
KINDS = {"batch": "batch_program.BatchProgram", "lines": "external.ExternalProgram"}

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")


def ended_soon(pids: list[int]) -> bool:
    until = time.monotonic() + 30
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_alive, pids))


def test_what_is_watched_ends_with_the_watcher() -> None:
    watcher = Watcher()
    command = ["sleep", "1000"]
    with (
        subprocess.Popen(command, env=os.environ | watcher.environment) as watched,
        subprocess.Popen(command) as other,
    ):
        watcher.close()
        assert watched.wait(30) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
    watcher.close()


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_program_ends_soon_after_its_parent_was_killed(kind: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(PROGRAM)
    command = shlex.join([sys.executable, str(tmp_path / "slow.py"), str(tmp_path / "pids")])
    module, _, name = KINDS[kind].partition(".")
    asking = (
        f"import sys\nsys.path[:] = {sys.path!r}\n"
        f"from sequence_tutor.execution.{module} import {name}\n"
        f"{name}({command!r}, timeout=1000.0).ask(['C'])\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", asking])
    until = time.monotonic() + 60
    while not (tmp_path / "pids").exists() and time.monotonic() < until:
        time.sleep(0.01)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert all(map(is_alive, pids))
    parent.kill()
    parent.wait()
    assert ended_soon(pids)
