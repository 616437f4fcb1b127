"""The interface of a logger."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.run_log import Record


@dataclass(frozen=True)
class LoggedRun:
    """The run whose log is copied.

    Attributes:
        folder: of the run; its name is a good name for the run in a tracker.
        settings: of the run, as plain JSON.
        identity: what `Logger.begin` returned when the run began; None: it begins now.
    """

    folder: Path
    settings: Mapping[str, Any]
    identity: str | None = None


class Logger(ABC):
    """Where copies of a run's log go. It is used by one run at a time.

    A logger may fail at any time, because a network may: the run goes on with one warning, and
    the same command sends later what is missing.

    Attributes:
        name: what users and warnings call it.
    """

    name: str

    def begin(self, run: LoggedRun) -> str | None:
        """Begin a run in the tracker, or go on with the one that has `run.identity`.

        Returns:
            The identity by which the tracker finds this run again; None: it has none.
        """
        return None

    @abstractmethod
    def write(self, record: Record) -> None:
        """Copy one line of the log: `step`, numbers, texts, and tables of them."""

    def end(self, *, finished: bool) -> None:  # noqa: B027  # most have nothing to do
        """The process tells no more; `finished`: the run is over, not interrupted."""


class FunctionLogger(Logger):
    """A function that receives each line of the log.

    Args:
        function: of one record.
    """

    def __init__(self, function: Callable[[Record], object]) -> None:
        self.name = getattr(function, "__name__", type(function).__name__)
        self._function = function

    def write(self, record: Record) -> None:
        """Give the function a line."""
        self._function(record)


def numbers_of(record: Mapping[str, Any]) -> dict[str, float]:
    """Every number of a line but its step, of nested tables as `table/name`."""
    return {
        name: float(value)
        for name, value in flattened(record, "/").items()
        if name != "step" and isinstance(value, int | float) and not isinstance(value, bool)
    }
