"""Every line of a log to every logger; what fails is named once and sent later.

RUN/loggers.json keeps for each logger the tracker's identity of the run and the number of lines
that were sent, so that a run that goes on is one run in the tracker too, without a line missing or
sent twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sequence_tutor.errors import printable
from sequence_tutor.storage.files import write_json
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tracking.logger import LoggedRun, Logger

SENT_FILE = "loggers.json"
LONGEST = 200
"""Characters of a logger's error in the warning."""


class FanOut:
    """The loggers of one run.

    Args:
        loggers: what the lines are copied to.
        folder: of the run.
        settings: of the run, as plain JSON.
        warn: called once for each logger that fails.
    """

    def __init__(
        self,
        loggers: Sequence[Logger],
        folder: Path,
        settings: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> None:
        self._folder, self._settings, self._warn = folder, settings, warn
        self._loggers = list(loggers)
        self._kept = _read(folder / SENT_FILE) if loggers else {}

    def begin(self, records: Sequence[Record]) -> None:
        """Begin with a run's log so far; lines that a logger has not received are sent."""
        for logger in list(self._loggers):
            kept = self._kept.setdefault(logger.name, {"identity": None, "sent": 0})
            run = LoggedRun(self._folder, self._settings, kept["identity"])
            with _Guard(self, logger):
                kept["identity"] = logger.begin(run)
                self._send(logger, records)

    def append(self, records: Sequence[Record]) -> None:
        """Send the last of all lines of the log."""
        for logger in list(self._loggers):
            with _Guard(self, logger):
                self._send(logger, records)

    def end(self, *, finished: bool) -> None:
        """The process tells no more."""
        for logger in list(self._loggers):
            with _Guard(self, logger):
                logger.end(finished=finished)
        self._loggers = []

    def _send(self, logger: Logger, records: Sequence[Record]) -> None:
        kept = self._kept[logger.name]
        for record in records[kept["sent"] :]:
            logger.write(json.loads(json.dumps(record)))  # a copy: it may not change the log
            kept["sent"] += 1
        write_json(self._folder / SENT_FILE, self._kept)

    def drop(self, logger: Logger, error: Exception) -> None:
        """A logger has failed: it is told nothing more by this process."""
        self._loggers.remove(logger)
        with suppress(OSError):
            write_json(self._folder / SENT_FILE, self._kept)
        self._warn(
            f"logger {logger.name}: failed ({type(error).__name__}: "
            f"{printable(str(error), LONGEST)}); the run goes on and its folder has the whole log; "
            "the same command sends what is missing"
        )


class _Guard:
    """A block in which an error costs the logger, not the run."""

    def __init__(self, fan_out: FanOut, logger: Logger) -> None:
        self._fan_out, self._logger = fan_out, logger

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Any error but those that end the process."""
        if not isinstance(error, Exception):
            return False
        self._fan_out.drop(self._logger, error)
        return True


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """What was kept of each logger; nothing where the file is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): {"identity": one["identity"], "sent": int(one["sent"])}
            for name, one in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
