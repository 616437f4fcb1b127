"""A folder of work in equal parts: queue, log and result at once.

FOLDER/work.json                 what is to be done, and in how many parts
FOLDER/shards/00/000007.parquet  the result of part 7; it appears by rename once it is whole
FOLDER/leases/000007/.lock       the process that computes part 7, see `folder_lock`

A part, or shard, is a pure function of what work.json says and of its number. So whoever computes
it, and however often, its file holds the same bytes, and nothing is lost but time when a process is
killed. A thousand shards share a folder, so that no folder has too many names for a network disk.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, reading, shown
from sequence_tutor.storage.files import LOCK_FILE, is_empty, remove_leftovers, write_json
from sequence_tutor.storage.folder_lock import SILENCE, lease

WORK_FILE = "work.json"
FORMAT = 1
CHECKSUM = "checksum"
A_FOLDER = 1000  # shards
MOST = 10**9  # shards


@dataclass(frozen=True)
class Progress:
    """How far the work is.

    Attributes:
        shards: all of them.
        done: those whose files are there.
        running: those that some process holds.
        bytes: of the files.
        seconds_left: estimated from the times of the files; None: too few are done.
    """

    shards: int
    done: int
    running: int
    bytes: int
    seconds_left: float | None


class Shards:
    """The shards of a folder.

    Args:
        folder: of the work.
        what: as JSON, see `describe`.
    """

    def __init__(self, folder: Path, what: Mapping[str, Any]) -> None:
        self.folder, self.what = folder, what
        self.count = int(what["shards"])
        self._suffix = str(what["suffix"])

    @classmethod
    def begun(cls, folder: Path, what: Mapping[str, Any]) -> Shards:
        """The work of a folder, which is begun there if the folder is empty.

        Raises:
            UserError: the folder holds something else.
        """
        described = json.loads(json.dumps({"format": FORMAT, **what}))
        path = folder / WORK_FILE
        if not path.exists():
            if not is_empty(folder):
                raise UserError(f"{folder}: not empty and no work of this program; use another")
            folder.mkdir(parents=True, exist_ok=True)
            write_json(path, {**described, CHECKSUM: _checksum(described)})
        there = cls.opened(folder)
        for name in {**there.what, **described}:
            if there.what.get(name) != described.get(name):
                raise UserError(
                    f"{folder}: holds work whose {name!r} is {there.what.get(name)!r}, not "
                    f"{described.get(name)!r}; use another --out, or give the same command"
                )
        return there

    @classmethod
    def opened(cls, folder: Path) -> Shards:
        """The work of a folder.

        Raises:
            UserError: there is none, or it is of another version.
        """
        path = folder / WORK_FILE
        if not path.is_file():
            raise UserError(f"{folder}: no work there, expected a file {WORK_FILE}")
        with reading(path, "a description of work"):
            what = json.loads(path.read_text(encoding="utf-8"))
            checksum = what.pop(CHECKSUM, None)  # folders of earlier versions have none
            if checksum not in (None, _checksum(what)):
                raise ValueError("changed after the work was begun")
            if what["format"] != FORMAT:
                raise ValueError(f"format {what['format']}, expected {FORMAT}")
            suffix = what["suffix"]  # it is part of the names of files to write
            if not (suffix[:1] == "." and suffix[1:].isalnum()):
                raise ValueError(f"suffix {shown(suffix)}, expected one such as '.jsonl'")
            if not (isinstance(what["shards"], int) and 1 <= what["shards"] <= MOST):
                raise ValueError(f"shards {shown(what['shards'])}, expected 1 to {MOST:,}")
            return cls(folder, what)

    def path(self, number: int) -> Path:
        """The file of a shard."""
        group, name = divmod(number, A_FOLDER)[0], f"{number:06d}{self._suffix}"
        return self.folder / "shards" / f"{group:02d}" / name

    def paths(self) -> list[Path]:
        """The files that are there, in the order of their numbers."""
        return [self.path(number) for number in range(self.count) if self.path(number).exists()]

    def free(self, first: int) -> Generator[int, None, None]:
        """Lease one shard after the other, beginning with some number, until none is left.

        While the caller works on a shard, its lease is renewed. Those that another process holds
        are passed over; those of a process that ended are taken.
        """
        yield from self.free_of([one % self.count for one in range(first, first + self.count)])

    def free_of(self, numbers: Sequence[int]) -> Generator[int, None, None]:
        """The same for some shards, in their order."""
        for number in numbers:
            if self.path(number).exists():
                continue
            with lease(self.folder / "leases" / f"{number:06d}") as is_mine:
                if is_mine and not self.path(number).exists():
                    yield number

    def remove_leftovers(self) -> None:
        """Remove what processes that were killed had begun to write."""
        for folder in {path.parent for path in self.paths()}:
            remove_leftovers(folder)

    def progress(self) -> Progress:
        """How far the work is."""
        stats = [path.stat() for path in self.paths()]
        times = sorted(stat.st_mtime for stat in stats)
        left = self.count - len(stats)
        took = times[-1] - times[0] if len(times) > 1 else 0.0
        seconds = left * took / (len(times) - 1) if took else None
        return Progress(
            self.count,
            len(stats),
            self._running(),
            sum(stat.st_size for stat in stats),
            0.0 if not left else seconds,
        )

    def _running(self) -> int:
        count = 0
        for lock in (self.folder / "leases").glob(f"*/{LOCK_FILE}"):
            with suppress(OSError):
                count += time.time() - lock.stat().st_mtime < SILENCE
        return count


def _checksum(what: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
