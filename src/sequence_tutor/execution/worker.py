"""One worker process: it computes chunks of items until its pipe closes.

`pool.WorkerPool` starts it. It imports only what its function needs, so that a new worker starts in
a fraction of a second.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic

from sequence_tutor.errors import UserError
from sequence_tutor.execution.protocol import Item, Result, attempt

READY = "ready"
"""The first message of a worker."""


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """The first message to a worker.

    Attributes:
        function: an item in, a result out.
        timeout: seconds for a chunk.
        memory: bytes that it may allocate beyond what it has when it is ready.
    """

    function: Callable[[Item], Result]
    timeout: float
    memory: int


def main(descriptor: int) -> None:
    """Compute what arrives on the socket `descriptor` until it closes."""
    # the usual end is that the parent closes the socket or is gone: hence OSError too
    with Connection(descriptor) as pipe, suppress(EOFError, OSError):
        try:
            _answer(pipe)
        except (EOFError, OSError):
            raise
        except UserError as error:
            pipe.send(error)
        except Exception:  # raised again by the parent, with this traceback
            pipe.send(RuntimeError(f"a worker failed:\n{traceback.format_exc()}"))


def _answer(pipe: Connection) -> None:
    job: Job[object, object] = pipe.recv()
    _limit_memory(job.memory)
    pipe.send(READY)
    while True:
        items: list[object] = pipe.recv()
        # The parent kills a worker that takes too long. The alarm is for a parent that was killed
        # itself while this worker hangs in foreign code, where no Python handler would run.
        signal.setitimer(signal.ITIMER_REAL, 2 * job.timeout)
        begun = time.monotonic()
        try:
            results = [attempt(job.function, item) for item in items]
        except MemoryError:
            return  # older items may fill the memory: the pool tries these in a new process
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send((time.monotonic() - begun, results))


def _limit_memory(extra: int) -> None:
    """Allow this process `extra` bytes more than it has now, and no core file."""
    import resource  # POSIX alone has it

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sizes = Path("/proc/self/statm")
    now = int(sizes.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if sizes.exists() else 0
    limit = now + extra
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
