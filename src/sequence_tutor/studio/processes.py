"""Answers computed in processes of their own, as many at once as there are cores.

A request is some ten thousand small steps of torch, between which Python itself works, so that two
threads of one process hardly do more than one. A process has its own models; what one answers does
not depend on the others, nor on how many there are.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from queue import LifoQueue
from threading import Lock, Thread
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.pool import GIB, WorkerPool
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.studio.answers import Answers, Order
from sequence_tutor.studio.messages import Generate
from sequence_tutor.studio.rendering import File
from sequence_tutor.studio.shelf import Library, Listed
from sequence_tutor.studio.workers import PATIENCE, too_long
from sequence_tutor.threads import set_threads

HUNG = 2 * PATIENCE
"""Seconds after which a process that still computes one answer is ended."""

MEMORY = 4 * GIB
"""That a process may take beyond what it has at its start."""


@dataclass(frozen=True)
class Refused:
    """A request that cannot be met: the sentence."""

    sentence: str


@dataclass(frozen=True)
class Broken:
    """A fault of ours: the traceback."""

    trace: str


Reply = dict[str, Any] | File | Refused | Broken


class Computing:
    """What runs in a process: it reads models when they are first meant.

    Args:
        trust: run the code that their folders name.
    """

    def __init__(self, trust: bool) -> None:
        self._trust = trust
        self._answers: Answers | None = None  # made there: locks are not sent

    def __call__(self, order: Order) -> Reply:
        """The answer, or why there is none."""
        if self._answers is None:
            set_threads(1)
            self._answers = Answers(Library(trust=self._trust).model)
        try:
            return self._answers(order)
        except MemoryError:
            raise  # the pool tries it again in a new process
        except UserError as error:
            return Refused(str(error))
        except Exception:  # raised again by `Processes`, with this traceback
            return Broken(traceback.format_exc())


class Processes(Closing):
    """Answers orders in processes, which start one by one; close it, or use it in a `with`.

    Args:
        count: of processes.
        trust: run the code that models' folders name.
        first: a model to be read beforehand; None: none.
    """

    def __init__(self, count: int, first: Listed | None = None, *, trust: bool = False) -> None:
        self._computing = Computing(trust)
        self._all: list[WorkerPool[Order, Reply]] = []
        # the one that was used last is used next, since it knows what its user asks for
        self._idle = LifoQueue[WorkerPool[Order, Reply]]()
        self._turn = Lock()
        self._closed = False
        self._starting = [
            Thread(target=self._begin, args=(first,), daemon=True) for _ in range(count)
        ]
        for thread in self._starting:
            thread.start()

    def _begin(self, first: Listed | None) -> None:
        """Let a process read a model and write once, before anyone waits for it.

        They begin one after the other: the first is ready sooner than if all shared the cores.
        """
        with self._turn:
            if self._closed:
                return
            pool = WorkerPool[Order, Reply](self._computing, 1, HUNG, MEMORY)
            self._all.append(pool)
            try:
                if first is not None:
                    pool.map([Order(first, Generate(count=1))])
            finally:
                self._idle.put(pool)

    def __call__(self, order: Order) -> dict[str, Any] | File:
        """The answer, when a process is free.

        Raises:
            UserError: what is asked for cannot be used, or takes too long.
            RuntimeError: the process failed.
        """
        pool = self._idle.get()
        try:
            [reply] = pool.map([order])
        finally:
            self._idle.put(pool)
        if isinstance(reply, Refused):
            raise UserError(reply.sentence)
        if reply is Lost.TIMED_OUT:
            raise too_long(HUNG)
        if isinstance(reply, Lost):
            raise RuntimeError(f"a process of the studio: {reply.value}")
        if isinstance(reply, Broken):
            raise RuntimeError(f"a process of the studio failed:\n{reply.trace}")
        return reply

    def close(self) -> None:
        """End all processes that have begun, once they have."""
        self._closed = True
        for thread in self._starting:
            thread.join()
        for pool in self._all:
            pool.close()
