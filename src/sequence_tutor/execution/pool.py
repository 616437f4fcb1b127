"""A pool of processes for a function that may hang, crash or eat the memory on some items.

`concurrent.futures` and `multiprocessing.Pool` give up all their work when one process dies, and
cannot end one that hangs. Here a process that dies or takes too long costs the one item that is
to blame for it:

1. Items go out in chunks. A chunk that loses its worker is taken apart, and each of its items is
   tried once more, alone in its chunk: so a worker killed by a stranger costs nothing.
2. An item that loses its worker a second time is `Lost`, and the rest never notice.

Workers are new interpreters joined by a socket, not forks, because a fork of a process with
torch's threads may inherit locks that nobody will ever release; and not `multiprocessing`'s
spawned processes, because those import the main program of the user again, and torch with it.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from typing import Generic, TypeVar

from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.worker import READY, Job, Lost

Item = TypeVar("Item")
Result = TypeVar("Result")

GIB = 1 << 30
LEAST_SECONDS = 0.005  # of a chunk: long beside the cost of a message
MOST_SECONDS = 0.1  # short beside any time-out
LARGEST_CHUNK = 256
START_SECONDS = 120.0  # the term set's imports on a crowded machine
FALSE_STARTS = 3  # workers in a row that ended before they began
PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from sequence_tutor.execution.worker import main
main(int(sys.argv[1]))
"""


class WorkerPool(Closing, Generic[Item, Result]):
    """Long-lived workers that apply one function; close it, or use it in a `with`.

    Example:
        with WorkerPool(terms.evaluate, workers=2, timeout=10.0) as pool:
            records = pool.map(["CCO", "c1ccccc1"])

    Attributes:
        replaced: how many workers had to be replaced so far.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        workers: int,
        timeout: float,
        memory: int = 2 * GIB,
    ) -> None:
        """Start the workers; they load the function while this process goes on.

        Args:
            function: an item in, a result out; all three picklable.
            workers: how many processes.
            timeout: seconds that one item may take.
            memory: bytes each worker may take beyond what it has once the function is loaded.
        """
        if workers < 1 or timeout <= 0:
            raise ValueError(f"{workers} workers and {timeout} s, expected at least one and > 0")
        self._job = Job(function, timeout, memory)
        self._count = workers
        self._workers: list[_Worker] = []
        self._seconds = MOST_SECONDS / 8  # of one item, as workers measured it lately
        self._false_starts = 0
        self.replaced = 0
        self._end = weakref.finalize(self, _end_all, self._workers)  # should nobody close it
        self._fill_up()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes at work now."""
        return tuple(worker.process.pid for worker in self._workers)

    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`.

        Raises:
            UserError: raised by the function.
            RuntimeError: the function is broken, or workers do not even start.
        """
        work = _Work[Item, Result](items)
        try:
            while work.unfinished:
                self._fill_up()
                self._hand_out(work)
                for worker in self._heard_from():
                    self._listen(worker, work)
                self._end_the_late(work)
        finally:
            # Nobody will wait for these any more, should something have been raised above.
            for worker in [worker for worker in self._workers if worker.chunk]:
                self._drop(worker)
        return work.results

    def close(self) -> None:
        """End all workers; nothing is left behind."""
        self._end()
        self._count = 0

    def _fill_up(self) -> None:
        if not self._count:
            raise ValueError("the pool is closed")
        while len(self._workers) < self._count:
            self._workers.append(_Worker(self._job))

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.end()

    def _hand_out(self, work: _Work[Item, Result]) -> None:
        for worker in self._workers:
            if worker.ready and not worker.chunk:
                worker.give(work.take(self._chunk_size(work)), work.items, self._job.timeout)

    def _chunk_size(self, work: _Work[Item, Result]) -> int:
        """Ever smaller chunks, so that all workers end together, but not too small ones."""
        fair = math.ceil(work.left / (2 * self._count))
        least, most = LEAST_SECONDS / self._seconds, MOST_SECONDS / self._seconds
        return max(1, min(LARGEST_CHUNK, int(most), max(int(least), fair)))

    def _heard_from(self) -> list[_Worker]:
        """The workers that said something or ended, waiting until the next one is late."""
        talkers = {
            worker.pipe: worker for worker in self._workers if worker.chunk or not worker.ready
        }
        first = min(worker.deadline for worker in talkers.values())
        heard = wait(list(talkers), max(0.0, first - time.monotonic()))
        return [talkers[pipe] for pipe in heard if isinstance(pipe, Connection)]

    def _listen(self, worker: _Worker, work: _Work[Item, Result]) -> None:
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

    def _end_the_late(self, work: _Work[Item, Result]) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if (worker.chunk or not worker.ready) and worker.deadline <= now:
                # all of them may be slow: smaller chunks until we know
                self._seconds = max(self._seconds, self._job.timeout / max(1, len(worker.chunk)))
                self._bury(worker, work, Lost.TIMED_OUT)

    def _bury(self, worker: _Worker, work: _Work[Item, Result], why: Lost) -> None:
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
    """One process and what it is doing."""

    def __init__(self, job: Job[Item, Result]) -> None:
        self.pipe, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(theirs.fileno()), json.dumps(sys.path)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a user's function prints must not mix with our results
                # a keyboard interrupt is for us alone: we end our workers
                start_new_session=True,
                # as many workers as cores already; more threads only get in each other's way
                env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self.ready = False
        self.chunk: Sequence[int] = ()
        self.deadline = time.monotonic() + START_SECONDS
        self._send(job)

    def give(self, chunk: Sequence[int], items: Sequence[Item], timeout: float) -> None:
        """Ask for the items at the positions of `chunk`."""
        self.chunk = chunk
        self.deadline = time.monotonic() + timeout
        if chunk:
            self._send([items[position] for position in chunk])

    def end(self) -> None:
        """Kill it, if it lives, and wait for its end."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()

    def _send(self, message: object) -> None:
        try:
            self.pipe.send(message)
        except OSError:
            # It has died; reading says so to those who wait for its answer.
            return


def _end_all(workers: list[_Worker]) -> None:
    while workers:
        workers.pop().end()


class _Work(Generic[Item, Result]):
    """The items of one call: which wait, which are tried again, and the results so far."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result | Lost] = [Lost.DIED] * len(items)
        self.unfinished = len(items)
        self._fresh = 0
        self._again: deque[int] = deque()
        self._tried_alone: set[int] = set()

    @property
    def left(self) -> int:
        """How many nobody has been given yet."""
        return len(self.items) - self._fresh

    def take(self, size: int) -> Sequence[int]:
        """The next positions to be worked on: so many new ones, or one that is tried again."""
        if self._fresh < len(self.items):
            begin, self._fresh = self._fresh, min(self._fresh + size, len(self.items))
            return range(begin, self._fresh)
        if self._again:
            alone = self._again.popleft()
            self._tried_alone.add(alone)
            return (alone,)
        return ()

    def finish(self, chunk: Sequence[int], results: Sequence[Result | Lost]) -> None:
        """Keep the results of a chunk."""
        for position, result in zip(chunk, results, strict=True):
            self.results[position] = result
        self.unfinished -= len(chunk)

    def lose(self, chunk: Sequence[int], why: Lost) -> None:
        """Take apart a chunk that lost its worker, or blame the item that was tried alone."""
        for position in chunk:
            if position in self._tried_alone:
                self.finish((position,), (why,))
            else:
                self._again.append(position)
