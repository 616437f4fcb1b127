"""The JSON-lines log of a run, which after a crash continues where its checkpoint stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sequence_tutor.files import write_text
from sequence_tutor.tensorboard_events import FOLDER, EventFile

Record = dict[str, Any]
"""One line of a log; `Any` because it may hold numbers, strings and tables of them."""


class RunLog:
    """Appends one JSON object a line, each with a `step`; events too, where their folder is.

    Args:
        path: the file; its folder is made.
        resumed_at: keep only earlier lines up to this step, because the steps after it will be
            done and logged again; None: begin an empty log.
    """

    def __init__(self, path: Path, resumed_at: int | None = None) -> None:
        self.path = path
        kept = [] if resumed_at is None else read_log(path)
        self.records = [record for record in kept if record["step"] <= (resumed_at or 0)]
        write_text(path, "".join(json.dumps(record) + "\n" for record in self.records))
        folder = path.parent / FOLDER
        self._events = EventFile(folder, self.records) if folder.is_dir() else None

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one line and hand it to the operating system at once."""
        self.records.append(dict(record))
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, allow_nan=False) + "\n")
        if self._events is not None:
            self._events.append(record)


def read_log(path: Path) -> list[Record]:
    """All whole lines of a log; a last line cut short by a crash is left out."""
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]
