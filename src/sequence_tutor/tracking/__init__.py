"""Copies of a run's log in trackers; see `docs/extend/logger.md`.

The log in the run's folder is the record of the run. A logger receives each of its lines as soon as
it is written. Only the names exported here are stable.
"""

from sequence_tutor.tracking.check import check_logger
from sequence_tutor.tracking.logger import LoggedRun, Logger

__all__ = ["LoggedRun", "Logger", "check_logger"]
