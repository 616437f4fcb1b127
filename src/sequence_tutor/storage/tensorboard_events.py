"""The log of a run as TensorBoard reads it: the same numbers under the same names.

The log is the truth and the events are a copy of it. Whenever a run begins or goes on, all that its
log kept is written anew into one file, which takes the place of the older ones; so no step is there
twice, whatever was lost in a crash. No thread and no summary writer of torch is needed for that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sequence_tutor.errors import require
from sequence_tutor.storage.files import replacing
from sequence_tutor.storage.flat_tables import flattened

FOLDER = "tensorboard"
"""Beside the log. Where it is, the log writes events into it."""

PREFIX = "events.out.tfevents."
VERSION = "brain.Event:2"  # of the files; since it a start discards what came before


def require_tensorboard() -> None:
    """Check that events can be written, before anything is begun that shall have them.

    Raises:
        UserError: they cannot.
    """
    require("tensorboard", "events need tensorboard", "tensorboard")


def ask_for_events(run: Path) -> None:
    """Let a run write events from now on, also when it goes on another day."""
    (run / FOLDER).mkdir(parents=True, exist_ok=True)


class EventFile:
    """Appends every number of a record as a scalar; numbers of nested tables as `table/name`.

    Its clock is the run's own: a pause between two parts of a run leaves no gap.

    Args:
        folder: where to.
        records: what the log holds already.

    Raises:
        UserError: there is no tensorboard.
    """

    def __init__(self, folder: Path, records: Sequence[Mapping[str, Any]]) -> None:
        require_tensorboard()
        now = time.time()
        self._begun = now - _seconds(records[-1]) if records else now
        self.path = folder / f"{PREFIX}{now:.0f}.sequence-tutor"
        with replacing(self.path) as beside, beside.open("wb") as file:
            for event in (*_opening(self._begun), *map(self._event, records)):
                _write(file, event)
        for older in folder.glob(f"{PREFIX}*"):
            if older != self.path:
                older.unlink()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write the numbers of one line of the log."""
        with self.path.open("ab") as file:
            _write(file, self._event(record))

    def _event(self, record: Mapping[str, Any]) -> bytes:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in _numbers(record)]
        event = Event(
            wall_time=self._begun + _seconds(record),
            step=record["step"],
            summary=Summary(value=values),
        )
        content: bytes = event.SerializeToString()
        return content


def _opening(wall_time: float) -> Iterator[bytes]:
    """What a file begins with; a TensorBoard that looks on forgets the file before."""
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog

    yield Event(wall_time=wall_time, file_version=VERSION).SerializeToString()
    start = SessionLog(status=SessionLog.START)
    yield Event(wall_time=wall_time, step=0, session_log=start).SerializeToString()


def _write(file: BinaryIO, event: bytes) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    RecordWriter(file).write(event)


def _numbers(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in flattened(record, "/").items():
        if name != "step" and isinstance(value, (int, float)) and not isinstance(value, bool):
            yield name, value


def _seconds(record: Mapping[str, Any]) -> float:
    return float(record.get("seconds", 0.0))
