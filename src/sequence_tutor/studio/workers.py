"""Computing for several clients: as many at once as there are cores, others in a short queue."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from starlette.exceptions import HTTPException

from sequence_tutor.errors import UserError

WAITING = 32
"""Requests that may wait for a core; further ones are told to come back."""

SOON = 2
"""Seconds after which they should."""

PATIENCE = 30.0
"""Seconds that one computation may take, as far as it asks."""

Result = TypeVar("Result")


class Workers:
    """Threads that compute, one computation each, with one thread of torch.

    Args:
        cores: computations at once.
        waiting: requests that may wait.
    """

    def __init__(self, cores: int, waiting: int = WAITING) -> None:
        self._most, self._asked = cores + waiting, 0
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(
            cores, thread_name_prefix="studio", initializer=lambda: torch.set_num_threads(1)
        )

    async def run(self, work: Callable[[], Result]) -> Result:
        """Compute in one of the threads.

        Raises:
            HTTPException: too many wait already.
        """
        with self._guard:
            if self._asked >= self._most:
                raise HTTPException(
                    503,
                    f"{self._asked} requests are being answered already; please try again soon",
                    headers={"Retry-After": str(SOON)},
                )
            self._asked += 1
        try:
            future = self._pool.submit(work)
        except BaseException:
            self._leave()
            raise
        future.add_done_callback(lambda _: self._leave())
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        with self._guard:
            self._asked -= 1

    def close(self) -> None:
        """Finish what has begun; what waits is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def in_time(seconds: float = PATIENCE) -> Callable[..., None]:
    """An `advance` of progress that ends work after so many seconds.

    Raises:
        UserError: when it is called later than that.
    """
    until = time.monotonic() + seconds

    def advance(_n: int = 1, /, **_live: float | str) -> None:
        if time.monotonic() > until:
            raise too_long(seconds)

    return advance


def too_long(seconds: float) -> UserError:
    """The refusal of what takes longer than so many seconds."""
    return UserError(
        f"this takes longer than {seconds:g} s; ask for fewer candidates, fewer bars or less that "
        "is kept"
    )
