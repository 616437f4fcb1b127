"""The log of a run as TensorBoard events: the same numbers under the same names.

The events are a copy of the log. Whenever a run begins or resumes, all events of its log are
written into one new file, which replaces the older ones, so that no step appears twice after a
crash. This needs neither a thread nor the summary writer of torch.
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
"""Next to the log; if it exists, the log writes events into it."""

PREFIX = "events.out.tfevents."
VERSION = "brain.Event:2"  # of the file format


def require_tensorboard() -> None:
    """Check, before a run begins, that events can be written.

    Raises:
        UserError: they cannot.
    """
    require("tensorboard", "events need tensorboard", "tensorboard")


def ask_for_events(run: Path) -> None:
    """Let a run write events from now on, also when it is resumed."""
    (run / FOLDER).mkdir(parents=True, exist_ok=True)


class EventFile:
    """Appends every number of a record as a scalar; of nested tables as `table/name`.

    A new file begins with the records already in the log. Times are those of the run: pauses
    between its parts leave no gap.

    Raises:
        UserError: tensorboard is not installed.
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
    """The first events of a file; on a start, an open TensorBoard discards what it has read."""
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
