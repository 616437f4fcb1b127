"""An executor of one's own: the items are computed in threads of this process.

Threads start at once and need nothing to be copied. They suit a function that waits, for a disk or
a server. They cannot stop an item that hangs, and one that crashes ends the whole process.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sequence_tutor.execution import Executor, Lost, attempt

Item = TypeVar("Item")
Result = TypeVar("Result")


class Threads(Executor[Item, Result]):
    """Computes as many items at the same time as there are workers."""

    def __init__(self, function: Callable[[Item], Result], workers: int, timeout: float) -> None:
        self._attempt = partial(attempt, function)
        self._threads = ThreadPoolExecutor(workers)

    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`."""
        return list(self._threads.map(self._attempt, items))

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()
