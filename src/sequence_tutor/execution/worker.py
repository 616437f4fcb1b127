"""One worker process: it answers chunks of items until its pipe closes.

It is started by `pool.WorkerPool` and imports nothing that its function does not need, so that a
new one is there within a fraction of a second.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

from sequence_tutor.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

READY = "ready"
"""What a worker says once it can begin."""

FAULTS_OF_AN_ITEM = (ValueError, ArithmeticError, RuntimeError)
"""What a function may raise for one item and still be sound; RDKit's own errors are these."""


class Lost(Enum):
    """Why an item has no result."""

    TIMED_OUT = "timed out"
    DIED = "its worker died or ran out of memory"
    FAILED = "failed"


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """What a worker is told first.

    Attributes:
        function: an item in, a result out.
        timeout: seconds a chunk may take.
        memory: bytes it may take beyond what it has once it is ready.
    """

    function: Callable[[Item], Result]
    timeout: float
    memory: int


def attempt(function: Callable[[Item], Result], item: Item) -> Result | Lost:
    """The function's result, or that this item made it fail.

    Raises:
        Exception: what is no fault of the item, such as a name that does not exist.
        MemoryError: where the fault may be an older item's.
    """
    try:
        return function(item)
    except FAULTS_OF_AN_ITEM:
        return Lost.FAILED


def main(descriptor: int) -> None:
    """Work for whoever holds the other end of the socket `descriptor`, and end when it closes."""
    # Our parent being gone is the usual end, and no news: hence OSError too.
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        try:
            _answer(pipe)
        except (EOFError, OSError):
            raise
        except UserError as error:
            pipe.send(error)
        except Exception:
            pipe.send(RuntimeError(f"a worker failed:\n{traceback.format_exc()}"))


def _answer(pipe: Connection) -> None:
    job: Job[object, object] = pipe.recv()
    _limit_memory(job.memory)
    pipe.send(READY)
    while True:
        items: list[object] = pipe.recv()
        # Our parent kills us in time; the alarm is for the day on which it has been killed itself
        # while we hang in foreign code, where no handler of ours would ever run.
        signal.setitimer(signal.ITIMER_REAL, 2 * job.timeout)
        begun = time.monotonic()
        try:
            results = [attempt(job.function, item) for item in items]
        except MemoryError:
            return  # what fills the memory may be older: the pool tries them in a fresh process
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send((time.monotonic() - begun, results))


def _limit_memory(extra: int) -> None:
    """Let this process have `extra` bytes more than now, and let it leave no core file."""
    import resource  # POSIX alone has it

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sizes = Path("/proc/self/statm")
    now = int(sizes.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if sizes.exists() else 0
    limit = now + extra
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
