"""Every logger by the name that users give: ours, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sequence_tutor.config.packages import loaded_class, made, offered
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.storage.run_log import Record
from sequence_tutor.storage.tensorboard_events import require_tensorboard
from sequence_tutor.tracking.logger import FunctionLogger, Logger
from sequence_tutor.tracking.trackers import TRACKERS

TENSORBOARD = "tensorboard"
"""Its events are written beside the log by `storage.tensorboard_events`."""

LOGGERS = "sequence_tutor.loggers"
"""The group of entry points by which a package offers one."""

AnyLogger = str | Logger | Callable[[Record], object]
"""A name, an object, or a function of each line of the log."""


def logger_of(asked: Any, project: str) -> Logger:
    """The logger that is asked for, see `AnyLogger`.

    Args:
        asked: what a user gave.
        project: under which a tracker files the run.

    Raises:
        UserError: there is none of that name, its library is not installed, or what is given is
            no logger.
    """
    if isinstance(asked, Logger):
        return asked
    if isinstance(asked, str):
        return TRACKERS[asked](project) if asked in TRACKERS else _offered(asked)
    if not callable(asked) or isinstance(asked, type):
        raise UserError(
            f"a logger is {shown(asked)}, expected a name, an object of a class that derives from "
            "sequence_tutor.tracking.Logger, or a function of one line of the log"
        )
    return FunctionLogger(asked)


def loggers_of(asked: Sequence[Any], project: str) -> list[Logger]:
    """The loggers that are asked for, without TensorBoard.

    Raises:
        UserError: as of `logger_of`, or two have one name, by which the run's folder knows them.
    """
    if TENSORBOARD in asked:
        require_tensorboard()
    found = [logger_of(one, project) for one in asked if one != TENSORBOARD]
    names = [logger.name for logger in found]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"two loggers are named {name!r}, expected each name once")
    return found


def _offered(name: str) -> Logger:
    points = offered(LOGGERS)
    if name not in points:
        known = nearest(name, (TENSORBOARD, *TRACKERS, *points))
        raise UserError(f"log.to has {shown(name)}: {known}")
    asked = f"log.to has {name!r}"
    found: type[Logger] = loaded_class(points[name], Logger, asked)
    return made(found, asked)
