"""Every executor by the name that users give: ours, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sequence_tutor.config.packages import loaded_class, offered
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown, trying
from sequence_tutor.execution.pool import WorkerPool
from sequence_tutor.execution.protocol import CLOSED, Executor, Item, Lost, Result, attempt
from sequence_tutor.execution.ray_executor import RayExecutor

SERIAL, LOCAL, RAY = "serial", "local", "ray"
RAY_ADDRESS = "ray://"
EXECUTORS = "sequence_tutor.executors"
"""The group of entry points by which a package offers one."""


class Serial(Executor[Item, Result]):
    """Computes in this process, item by item; it cannot stop one that hangs or crashes."""

    def __init__(
        self, function: Callable[[Item], Result], workers: int = 1, timeout: float = 10.0
    ) -> None:
        self._function = function
        self._is_closed = False

    def map(self, items: Sequence[Item]) -> list[Result | Lost]:
        """The function of each item, in the order of `items`.

        Raises:
            ValueError: it is closed.
        """
        if self._is_closed:
            raise ValueError(CLOSED)
        return [attempt(self._function, item) for item in items]

    def close(self) -> None:
        """There is nothing to end, but no more is computed."""
        self._is_closed = True


_SHIPPED: Mapping[str, type[Executor[Any, Any]]] = {
    SERIAL: Serial,
    LOCAL: WorkerPool,
    RAY: RayExecutor,
}


def started(
    name: str, function: Callable[[Item], Result], workers: int, timeout: float
) -> Executor[Item, Result]:
    """An executor of that name for a function; the arguments are those of `Executor`.

    Raises:
        UserError: there is none, or that of another package cannot be made.
    """
    kind = find_executor(name)
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return kind(function, workers, timeout)
    with trying(f"executor {name!r}: the making of it", kind):
        return kind(function, workers, timeout)


def results_of(
    name: str, executor: Executor[Item, Result], items: Sequence[Item]
) -> list[Result | Lost]:
    """What an executor computes of items, one result of each.

    Args:
        name: of the executor, for the error's sentence.
        executor: computes.
        items: at least one.

    Raises:
        UserError: it gives another number of results, or none at all.
    """
    found = executor.map(items)
    if not isinstance(found, Sequence):
        raise UserError(
            f"executor {name!r} gave a {type(found).__name__}, expected a list of results"
        )
    if len(found) != len(items):
        raise UserError(f"executor {name!r} gave {len(found)} results for {len(items)} items")
    return found


def find_executor(name: str) -> type[Executor[Any, Any]]:
    """The executor of that name; `ray://HOST:PORT` is the cluster with this address.

    Raises:
        UserError: no installed package offers it, or something else under its name.
    """
    if name.startswith(RAY_ADDRESS):
        return RayExecutor.at(name)
    if name in _SHIPPED:
        return _SHIPPED[name]
    points = offered(EXECUTORS)
    if name not in points:
        raise UserError(f"executor is {shown(name)}: {nearest(name, (*_SHIPPED, *points))}")
    found: type[Executor[Any, Any]] = loaded_class(points[name], Executor, f"executor is {name!r}")
    return found
