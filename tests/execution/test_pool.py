"""What hangs, crashes, eats memory or is killed costs its own result and no other."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.execution.pool import WorkerPool
from sequence_tutor.execution.protocol import Lost

FUNCTIONS = """
import os
import signal
import sys
import time

from sequence_tutor.errors import UserError


def upper(string):
    if string == "hang":
        time.sleep(1000)
    if string == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if string == "eat":
        bytearray(1 << 40)
    if string == "refuse":
        raise ValueError("a fault of the string")
    if string == "mistake":
        raise NameError("a fault of the program")
    if string == "user":
        raise UserError("a fault of the user")
    return string.upper()


def slow(string):
    time.sleep(0.01)
    return string.upper()


def slower(string):
    time.sleep(0.1)
    return string.upper()


def loaded(module):
    return module in sys.modules


def born_dead():
    os._exit(3)


class BornDead:
    def __call__(self, string):
        return string

    def __reduce__(self):
        return born_dead, ()
"""


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that workers can import too."""
    name = f"functions_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module(name)


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends, or is but a zombie that nobody waits for, within some time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("workers", [1, 3])
def test_the_order_is_that_of_the_input(functions: ModuleType, workers: int) -> None:
    strings = [f"c{number}" for number in range(1000)]
    with WorkerPool(functions.upper, workers, timeout=20.0) as pool:
        assert len(pool.pids) == workers
        assert pool.map(strings) == [string.upper() for string in strings]
        assert pool.map([]) == []
        assert pool.map(["c"]) == ["C"]
        assert pool.replaced == 0


def test_only_the_guilty_are_lost(functions: ModuleType) -> None:
    strings = [f"c{number}" for number in range(300)]
    guilty = {
        7: ("hang", Lost.TIMED_OUT),
        100: ("crash", Lost.DIED),
        101: ("eat", Lost.DIED),
        200: ("refuse", Lost.FAILED),
        299: ("crash", Lost.DIED),
    }
    for position, (string, _) in guilty.items():
        strings[position] = string
    expected: list[str | Lost] = [string.upper() for string in strings]
    for position, (_, why) in guilty.items():
        expected[position] = why
    with WorkerPool(functions.upper, 2, timeout=1.0) as pool:
        assert pool.map(strings) == expected
        assert pool.replaced >= 4
        assert len(pool.pids) <= 2
        assert pool.map(["c", "n"]) == ["C", "N"]


def test_a_worker_killed_from_outside_costs_nothing(functions: ModuleType) -> None:
    strings = [f"c{number}" for number in range(200)]
    with WorkerPool(functions.slow, 2, timeout=20.0) as pool:
        pool.map(["c"] * 8)
        victim = pool.pids[0]
        killer = threading.Timer(0.3, os.kill, (victim, signal.SIGKILL))
        killer.start()
        assert pool.map(strings) == [string.upper() for string in strings]
        killer.join()
        assert pool.replaced == 1
        assert victim not in pool.pids
        assert gone(victim)


def test_a_worker_killed_while_idle_is_replaced(functions: ModuleType) -> None:
    with WorkerPool(functions.upper, 1, timeout=20.0) as pool:
        pool.map(["c"])
        os.kill(pool.pids[0], signal.SIGKILL)
        assert gone(pool.pids[0])
        assert pool.map(["c", "n"]) == ["C", "N"]


def test_slow_strings_are_not_taken_for_hanging(functions: ModuleType) -> None:
    # The first chunk is longer than the time-out, no string is.
    with WorkerPool(functions.slower, 1, timeout=0.5) as pool:
        assert pool.map(["c", "n"] * 6) == ["C", "N"] * 6
        assert pool.replaced == 1


def test_a_broken_function_stops_with_its_words(functions: ModuleType) -> None:
    with WorkerPool(functions.upper, 2, timeout=20.0) as pool:
        with pytest.raises(RuntimeError, match="NameError: a fault of the program"):
            pool.map(["c", "mistake", "n"])
        with pytest.raises(UserError, match=r"^a fault of the user$"):
            pool.map(["user"])
        assert pool.map(["c"]) == ["C"]


def test_workers_that_cannot_start_are_not_started_for_ever(functions: ModuleType) -> None:
    with (
        WorkerPool(functions.BornDead(), 1, timeout=20.0) as pool,
        pytest.raises(RuntimeError, match=r"3 workers in a row ended before they began, .* 3$"),
    ):
        pool.map(["c"])


def test_workers_do_not_import_torch(functions: ModuleType) -> None:
    assert "torch" in sys.modules
    with WorkerPool(functions.loaded, 1, timeout=20.0) as pool:
        assert pool.map(["sequence_tutor.errors", "torch"]) == [True, False]


def test_nothing_is_left_after_closing(functions: ModuleType) -> None:
    with WorkerPool(functions.upper, 2, timeout=20.0) as pool:
        pool.map(["c"])
        pids = pool.pids
    assert all(gone(pid) for pid in pids)
    with pytest.raises(ValueError, match="closed"):
        pool.map(["c"])
    pool.close()


@pytest.mark.parametrize("string", ["c", "hang"])
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_after_the_parent(
    functions: ModuleType, ending: signal.Signals, string: str
) -> None:
    # A worker that hangs notices its parent's death by its own alarm, at twice the time-out.
    program = f"""
import sys
sys.path[:] = {sys.path!r}
from {functions.__name__} import upper
from sequence_tutor.execution.pool import WorkerPool
with WorkerPool(upper, 2, timeout=1.0) as pool:
    pool.map(["c"] * 100)
    print(*pool.pids, flush=True)
    while True:
        pool.map([{string!r}])
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.2)
    parent.send_signal(ending)
    _, complaints = parent.communicate(timeout=20)
    assert all(gone(pid) for pid in pids)
    if ending is signal.SIGKILL:
        assert complaints == ""
    else:  # the parent's own traceback, none of the workers
        assert complaints.count("Traceback") == 1


@pytest.mark.parametrize(("workers", "timeout"), [(0, 1.0), (1, 0.0)])
def test_mistakes_are_named(functions: ModuleType, workers: int, timeout: float) -> None:
    with pytest.raises(ValueError, match="expected at least one and > 0"):
        WorkerPool(functions.upper, workers, timeout)
