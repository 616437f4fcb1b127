"""What an executor is: it applies one function to many items and tells which of them were lost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from sequence_tutor.execution.closing import Closing

Item = TypeVar("Item")
Result = TypeVar("Result")

FAULTS_OF_AN_ITEM = (ValueError, ArithmeticError, RuntimeError)
"""Errors that a function may raise for single items, as RDKit does; others end the call."""

CLOSED = "the executor is closed"
"""What executors say that are asked once more after `close`."""


class Lost(Enum):
    """Why an item has no result."""

    TIMED_OUT = "timed out"
    DIED = "its worker died or ran out of memory"
    FAILED = "failed"


def attempt(function: Callable[[Item], Result], item: Item) -> Result | Lost:
    """The function's result, or `Lost.FAILED`.

    Raises:
        Exception: any but `FAULTS_OF_AN_ITEM`; a `MemoryError` may be the fault of an older item.
    """
    try:
        return function(item)
    except FAULTS_OF_AN_ITEM:
        return Lost.FAILED


class Executor(Closing, Generic[Item, Result]):
    """Applies one function to many items; close it, or use it in a `with`.

    The results are in the order of the items and do not depend on the executor.

    Args:
        function: an item in, a result out; all three can be pickled.
        workers: number of items that may be computed at the same time, at least 1.
        timeout: seconds for one item, where the executor can stop one.

    Attributes:
        replaced: workers that had to be replaced so far.
    """

    replaced: int = 0

    @abstractmethod
    def __init__(self, function: Callable[[Item], Result], workers: int, timeout: float) -> None:
        pass

    @abstractmethod
    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`; `Lost` where there is no result.

        Raises:
            Exception: the function raised one that is not among `FAULTS_OF_AN_ITEM`.
            ValueError: it is closed.
        """

    @property
    def pids(self) -> tuple[int, ...]:
        """The worker processes on this machine."""
        return ()
