"""The executor `local`: processes for a function that may hang, crash or fill the memory.

`concurrent.futures` and `multiprocessing.Pool` lose all their work when one process dies, and
cannot end one that hangs. Here only the item that causes it is lost:

1. Items are sent in chunks. If a worker dies or takes too long, each item of its chunk is tried
   once more, alone in a chunk; so a worker that something else has killed costs nothing.
2. An item whose worker dies or takes too long a second time is `Lost`.

Workers are new interpreters connected by a socket. They are no forks, because a fork of a process
with torch's threads may inherit locks that are never released; and no spawned processes of
`multiprocessing`, because those import the user's main program again, and torch with it.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait

from sequence_tutor.execution.protocol import CLOSED, Executor, Item, Lost, Result
from sequence_tutor.execution.unfinished_work import Work
from sequence_tutor.execution.worker import READY, Job

GIB = 1 << 30
LEAST_SECONDS = 0.005  # for a chunk: much longer than sending a message
MOST_SECONDS = 0.1  # for a chunk: much shorter than any time-out
LARGEST_CHUNK = 256
START_SECONDS = 600.0  # the imports of a worker, torch among them, on a busy machine
FALSE_STARTS = 3  # workers in a row that ended before they were ready
PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from sequence_tutor.execution.worker import main
main(int(sys.argv[1]))
"""


class WorkerPool(Executor[Item, Result]):
    """Long-lived workers that apply one function; close it, or use it in a `with`.

    The workers start at once, and load the function while this process continues.

    Example:
        with WorkerPool(terms.evaluate, workers=2, timeout=10.0) as pool:
            records = pool.map(["CCO", "c1ccccc1"])

    Args:
        function: an item in, a result out; all three picklable.
        workers: number of processes.
        timeout: seconds for one item.
        memory: bytes that each worker may allocate after it has loaded the function.

    Attributes:
        replaced: workers that had to be replaced so far.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        workers: int,
        timeout: float,
        memory: int = 2 * GIB,
    ) -> None:
        if workers < 1 or timeout <= 0:
            raise ValueError(f"{workers} workers and {timeout} s, expected at least one and > 0")
        self._job = Job(function, timeout, memory)
        self._count = workers
        self._workers: list[_Worker] = []
        self._seconds = MOST_SECONDS / 8  # for one item: a running mean
        self._false_starts = 0
        self.replaced = 0
        self._end = weakref.finalize(self, _end_all, self._workers)  # if it is never closed
        self._fill_up()

    @property
    def pids(self) -> tuple[int, ...]:
        """The worker processes."""
        return tuple(worker.process.pid for worker in self._workers)

    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`.

        Raises:
            UserError: raised by the function.
            RuntimeError: the function is broken, or workers do not start.
            ValueError: it is closed.
        """
        if not self._count:
            raise ValueError(CLOSED)
        work = Work[Item, Result](items)
        try:
            while work.unfinished:
                self._fill_up()
                self._hand_out(work)
                for worker in self._heard_from():
                    self._listen(worker, work)
                self._end_the_late(work)
        finally:
            # after an error nothing will read the answers of these
            for worker in [worker for worker in self._workers if worker.chunk]:
                self._drop(worker)
        return work.results

    def close(self) -> None:
        """End all workers."""
        self._end()
        self._count = 0

    def _fill_up(self) -> None:
        while len(self._workers) < self._count:
            self._workers.append(_Worker(self._job))

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.end()

    def _hand_out(self, work: Work[Item, Result]) -> None:
        for worker in self._workers:
            if worker.ready and not worker.chunk:
                worker.give(work.take(self._chunk_size(work)), work.items, self._job.timeout)

    def _chunk_size(self, work: Work[Item, Result]) -> int:
        """Chunks become smaller, so that all workers finish together, but not too small."""
        fair = math.ceil(work.left / (2 * self._count))
        least, most = LEAST_SECONDS / self._seconds, MOST_SECONDS / self._seconds
        return max(1, min(LARGEST_CHUNK, int(most), max(int(least), fair)))

    def _heard_from(self) -> list[_Worker]:
        """Wait for the workers that sent a message or ended, until the next deadline."""
        talkers = {
            worker.pipe: worker for worker in self._workers if worker.chunk or not worker.ready
        }
        first = min(worker.deadline for worker in talkers.values())
        heard = wait(list(talkers), max(0.0, first - time.monotonic()))
        return [talkers[pipe] for pipe in heard if isinstance(pipe, Connection)]

    def _listen(self, worker: _Worker, work: Work[Item, Result]) -> None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker, work, Lost.DIED)
            return
        if isinstance(message, Exception):
            raise message
        if message == READY:
            worker.ready = True
            self._false_starts = 0
            return
        seconds, results = message
        self._seconds = 0.8 * self._seconds + 0.2 * seconds / len(worker.chunk)
        work.finish(worker.chunk, results)
        worker.chunk = ()

    def _end_the_late(self, work: Work[Item, Result]) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if (worker.chunk or not worker.ready) and worker.deadline <= now:
                # all items may be slow: smaller chunks until their time is known
                self._seconds = max(self._seconds, self._job.timeout / max(1, len(worker.chunk)))
                self._bury(worker, work, Lost.TIMED_OUT)

    def _bury(self, worker: _Worker, work: Work[Item, Result], why: Lost) -> None:
        self._drop(worker)
        self.replaced += 1
        work.lose(worker.chunk, why)
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts >= FALSE_STARTS:
                raise RuntimeError(
                    f"{FALSE_STARTS} workers in a row ended before they began, the last with "
                    f"status {worker.process.returncode}"
                )


class _Worker:
    """One process and its chunk."""

    def __init__(self, job: Job[Item, Result]) -> None:
        self.pipe, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(theirs.fileno()), json.dumps(sys.path)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a user's function prints must not mix with results
                start_new_session=True,  # a keyboard interrupt goes to this process only
                # there are as many workers as cores already
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self.ready = False
        self.chunk: Sequence[int] = ()
        self.deadline = time.monotonic() + START_SECONDS
        self._send(job)

    def give(self, chunk: Sequence[int], items: Sequence[Item], timeout: float) -> None:
        self.chunk = chunk
        self.deadline = time.monotonic() + timeout
        if chunk:
            self._send([items[position] for position in chunk])

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.wait()

    def _send(self, message: object) -> None:
        with suppress(OSError):  # it has died, which reading its answer will show
            self.pipe.send(message)


def _end_all(workers: list[_Worker]) -> None:
    while workers:
        workers.pop().end()
