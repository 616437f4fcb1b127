"""Does a logger keep its promises?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sequence_tutor.errors import UserError, printable
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tracking.logger import LoggedRun, Logger
from sequence_tutor.tracking.registry import logger_of


def check_logger(given: Logger | Callable[[Record], object]) -> None:
    """Let a logger copy a short run that is interrupted once, and stop at the first fault.

    Args:
        given: a logger, or a function of one line of the log.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    logger = logger_of(given, "check")
    name = getattr(logger, "name", None)
    if not isinstance(name, str) or not name:
        raise UserError(f"the logger's name is {name!r}, expected a text")
    with TemporaryDirectory() as folder:
        first = LoggedRun(Path(folder) / "run", {"tune": {"c": 1.0}})
        identity = _through(logger, first, steps=(0, 2), finished=False)
        again = LoggedRun(first.folder, first.settings, identity)
        found = _through(logger, again, steps=(4,), finished=True)
        if found != identity:
            raise UserError(
                f"logger {name} gave the run the identity {identity!r} as it began and {found!r} "
                "as it went on, expected the same: a run that goes on is one run in the tracker"
            )


def _through(
    logger: Logger, run: LoggedRun, steps: tuple[int, ...], *, finished: bool
) -> str | None:
    """The identity that a part of a run gets."""
    with _doing(logger, "begin"):
        identity = logger.begin(run)
    if not isinstance(identity, str | None):
        raise UserError(
            f"begin of the logger {logger.name} gave a {type(identity).__name__}, expected the "
            "run's identity, a text, or None"
        )
    for step in steps:
        record: Record = {
            "step": step,
            "reward_per_sequence": 1.5,
            "loss": None,
            "reward_terms": {"a rule": 2.0},
            "warnings": ["collapse: a text"],
        }
        before = json.dumps(record)
        with _doing(logger, "write"):
            logger.write(record)
        if json.dumps(record) != before:
            raise UserError(f"logger {logger.name} changed the line that it was given")
    with _doing(logger, "end"):
        logger.end(finished=finished)
    return identity


@contextmanager
def _doing(logger: Logger, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        said = printable(str(error))
        raise UserError(
            f"{what} of the logger {logger.name} failed: {type(error).__name__}: {said}"
        ) from error
