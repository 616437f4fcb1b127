"""The JSON-lines log of a run, which after a crash continues where its checkpoint is.

Lines are flushed to the disk before the checkpoint of their step, so that the log of a checkpoint
is complete; the checkpoint holds the size and SHA-256 of its log.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sequence_tutor.errors import Remark, UserError
from sequence_tutor.storage.files import write_bytes
from sequence_tutor.storage.tensorboard_events import FOLDER, EventFile

LARGEST = 1e300  # of the numbers of aims

Record = dict[str, Any]
"""One line of a log: numbers, strings and tables of them."""


def number(record: Mapping[str, object], name: str) -> float:
    """A logged number; NaN if there is none."""
    value = record.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan


class RunLog:
    """Appends one JSON object a line, each with a `step`; also events, if their folder exists.

    Args:
        path: the file; its folder is created.
        resumed_at: keep only lines up to this step, because later steps are done again; None:
            begin an empty log.
        stand: size and SHA-256 of the log when that step's checkpoint was written; None: the
            checkpoint is of a version that did not save them.

    Raises:
        UserError: the log is damaged or shorter than at the checkpoint.
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
    def stand(self) -> dict[str, int | str]:
        """`size`, the bytes written so far, and their `sha256`."""
        return {"size": self._size, "sha256": self._digest.hexdigest()}

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line and flush it to the disk."""
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
    """All complete lines of a log, without a last line that a crash cut short.

    Args:
        path: the file; if it is missing, there are no lines.
        sha256: of a finished log; None: it may still grow, or its version did not save it.

    Raises:
        UserError: a line is damaged, or the log does not have that digest.
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
        if not _are_aims(record.get("aims", {})):
            raise UserError(f"{path} line {number}: damaged, its aims are not those of a run")
        records.append(record)
    return records


def _are_aims(found: object) -> bool:
    """Whether a line's aims are bounds with their numbers, see `tuner.aims_log.entries`."""
    if not isinstance(found, dict):
        return False
    return all(
        isinstance(own, dict)
        and isinstance(own.get("row"), str)
        and all(isinstance(own.get(name), bool) for name in ("share", "met"))
        and all(_is_number(own.get(name)) for name in ("bound", "goal", "multiplier", "price"))
        and all(
            name in own and (own[name] is None or _is_number(own[name]))
            for name in ("prior", "value", "low", "high")
        )
        and _is_number(own.get("within", 0.0))
        for own in found.values()
    )


def _is_number(value: object) -> bool:
    """Whether it is a number of usual size; NaN is none, nor are digits without an end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -LARGEST < value < LARGEST


def _as_it_stood(path: Path, stand: Mapping[str, Any]) -> bytes:
    """The log at the time of a checkpoint."""
    content = path.read_bytes() if path.is_file() else b""
    size, sha256 = stand.get("size"), stand.get("sha256")
    if isinstance(size, int) and hashlib.sha256(content[:size]).hexdigest() == sha256:
        return content[:size]
    raise UserError(
        f"{path}: damaged, it is not the log that the checkpoint beside it was written after; "
        "restore it from a copy, or delete the folder and begin anew"
    )


def _without_stand(path: Path, step: int) -> bytes:
    """The log up to a step, for checkpoints that do not save size and SHA-256."""
    records = [one for one in read_log(path) if one["step"] <= step]
    if records and records[-1]["step"] < step:
        warnings.warn(
            f"{path}: ends at step {records[-1]['step']}, but the run goes on from step {step}; "
            "the lines between are lost",
            Remark,
            stacklevel=3,
        )
    return "".join(json.dumps(record) + "\n" for record in records).encode()
