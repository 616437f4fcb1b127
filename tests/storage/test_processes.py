"""Processes that are there, that are gone, and that went away from whoever started them."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from sequence_tutor.storage.processes import end_marked, is_alive, machine, start_of


def test_this_process_is_alive_and_others_are_not() -> None:
    own = os.getpid()
    assert is_alive(own)
    assert is_alive(own, start_of(own))
    assert not is_alive(own, "1")
    assert not is_alive(2**31 - 1)
    assert not is_alive(10**30)
    assert machine() == machine()
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(child.pid)  # dead, and nobody has asked how it ended


def test_a_grandchild_in_a_session_of_its_own_is_ended_too(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        "if os.fork(): sys.exit()\n"  # its parent is gone
        "os.setsid()\n"
        "with open(sys.argv[1] + '~', 'w') as file: file.write(str(os.getpid()))\n"
        "os.rename(sys.argv[1] + '~', sys.argv[1]); time.sleep(60)"
    )
    mark = secrets.token_hex(16)
    environment = {**os.environ, "TEST_MARK": mark}
    subprocess.run([sys.executable, "-c", code, told], env=environment, check=True)
    deadline = time.monotonic() + 20
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    orphan = int(told.read_text())
    assert is_alive(orphan)
    end_marked("TEST_MARK", mark)
    while is_alive(orphan) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(orphan)
