"""The JSON-lines log of a run, which after a crash continues where its checkpoint stands.

A line is on the disk before a checkpoint of its step is, so that no checkpoint stands beside a log
with a hole in it; and the checkpoint holds length and SHA-256 of the log that belongs to it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import Remark, UserError
from sequence_tutor.storage.files import write_bytes
from sequence_tutor.storage.tensorboard_events import FOLDER, EventFile

Record = dict[str, Any]
"""One line of a log; `Any` because it may hold numbers, strings and tables of them."""


def number(record: Mapping[str, object], name: str) -> float:
    """A logged number; NaN where the log has none."""
    value = record.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan


@dataclass(frozen=True)
class Stand:
    """How far a log goes.

    Attributes:
        size: its bytes.
        sha256: of them.
    """

    size: int
    sha256: str


class RunLog:
    """Appends one JSON object a line, each with a `step`; events too, where their folder is.

    Args:
        path: the file; its folder is made.
        resumed_at: keep only earlier lines up to this step, because the steps after it will be
            done and logged again; None: begin an empty log.
        stand: how far the log went as the checkpoint of that step was written; None: of a version
            that did not note it.

    Raises:
        UserError: the log is damaged, or lines are missing that the checkpoint was written after.
    """

    def __init__(
        self, path: Path, resumed_at: int | None = None, stand: Mapping[str, Any] | None = None
    ) -> None:
        self.path = path
        if resumed_at is None:
            content = b""
        elif stand is None:
            content = _without_stand(path, resumed_at)
        else:
            content = _as_it_stood(path, stand)
        self.records = _records(content, path)
        self._size, self._digest = len(content), hashlib.sha256(content)
        write_bytes(path, content)
        folder = path.parent / FOLDER
        self._events = EventFile(folder, self.records) if folder.is_dir() else None

    @property
    def stand(self) -> Stand:
        """How far it goes now."""
        return Stand(self._size, self._digest.hexdigest())

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line, and wait until it is on the disk."""
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        self.records.append(dict(record))
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._size += len(line)
        self._digest.update(line)
        if self._events is not None:
            self._events.append(record)


def read_log(path: Path, sha256: str | None = None) -> list[Record]:
    """All whole lines of a log; a last line cut short by a crash is left out.

    Args:
        path: the file; where it is not there, there are no lines.
        sha256: of a log that is finished; None: it may still grow, or is of a version that did not
            note it.

    Raises:
        UserError: a line is damaged, or the log is not the one of that digest.
    """
    if not path.is_file():
        if sha256 is not None:
            raise UserError(f"{path}: not there, expected the log that the run's record tells of")
        return []
    content = path.read_bytes()
    if sha256 not in (None, hashlib.sha256(content).hexdigest()):
        raise UserError(
            f"{path}: damaged or changed, it is not the log that its run was finished with; "
            "restore it from a copy"
        )
    return _records(content, path)


def _records(content: bytes, path: Path) -> list[Record]:
    """The records of all whole lines."""
    records = []
    for number, line in enumerate(content[: content.rfind(b"\n") + 1].split(b"\n")[:-1], start=1):
        try:
            record = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{path} line {number}: damaged, expected one JSON object a line ({error})"
            ) from error
        step = record.get("step") if isinstance(record, dict) else None
        if not isinstance(step, int) or isinstance(step, bool):
            raise UserError(f"{path} line {number}: no evaluation, expected an object with a step")
        records.append(record)
    return records


def _as_it_stood(path: Path, stand: Mapping[str, Any]) -> bytes:
    """The log as a checkpoint knows it, without what came after."""
    content = path.read_bytes() if path.is_file() else b""
    size, sha256 = stand.get("size"), stand.get("sha256")
    if isinstance(size, int) and hashlib.sha256(content[:size]).hexdigest() == sha256:
        return content[:size]
    raise UserError(
        f"{path}: damaged, it is not the log that the checkpoint beside it was written after; "
        "restore it from a copy, or delete the folder and begin anew"
    )


def _without_stand(path: Path, step: int) -> bytes:
    """The log up to a step, of a version whose checkpoints do not tell of the log."""
    records = [one for one in read_log(path) if one["step"] <= step]
    if records and records[-1]["step"] < step:
        warnings.warn(
            f"{path}: ends at step {records[-1]['step']}, but the run goes on from step {step}; "
            "the lines between are lost",
            Remark,
            stacklevel=3,
        )
    return "".join(json.dumps(record) + "\n" for record in records).encode()
