"""Scores that cost much, kept on the disk: of each scorer and sequence the first answer.

A store is a folder of files of JSON lines. Every process appends to a file of its own, so that
several runs may share a store without a lock, also on a network disk; a reader takes the lines of
all files, and again what was added since. A line is written as soon as there is an answer, so a
killed process loses only what was being computed. A line that a crash cut short is skipped.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from sequence_tutor.errors import UserError
from sequence_tutor.storage.processes import machine

_DIGITS = 16  # of a digest, in a line


class ScoreStore:
    """Answers of scorers to sequences; it is made when the first answer is written.

    Args:
        folder: of the files.

    Raises:
        UserError: a file has its name.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder}: a file is there, expected a folder for scores")
        self.folder = folder
        self._answers: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._read_to: dict[Path, int] = {}
        own = f"{machine()[:8]}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._path = folder / own
        self._file: BinaryIO | None = None  # between two calls of `sync`
        self._named: set[str] = set()
        self._lock = threading.Lock()
        self.refresh()

    def answers(self, scorer: str) -> Mapping[str, Mapping[str, Any]]:
        """Sequence -> answer, for a scorer by its digest; JSON."""
        return self._answers.setdefault(scorer[:_DIGITS], {})

    def refresh(self) -> None:
        """Read what other processes have added."""
        with self._lock, suppress(FileNotFoundError):
            for path in sorted(self.folder.glob("*.jsonl")):
                if path != self._path:
                    self._read(path)

    def put(self, scorer: str, what: str, sequence: str, answer: Mapping[str, Any]) -> None:
        """Write an answer.

        Args:
            scorer: digest of its settings.
            what: it is, in words; written once a file.
            sequence: in its canonical form.
            answer: JSON without NaN.
        """
        scorer = scorer[:_DIGITS]
        self._answers.setdefault(scorer, {})[sequence] = answer
        entry = {"scorer": scorer, "sequence": sequence, "answer": answer}
        lines = [entry] if scorer in self._named else [{"scorer": scorer, "is": what}, entry]
        self._named.add(scorer)
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        try:
            with self._lock:
                self._opened().write(text.encode())
        except OSError as error:  # somebody else's run may be evaluated without writing there
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise

    def sync(self) -> None:
        """Flush what was written to the disk, and close the file until there is more."""
        with self._lock:
            if self._file is not None:
                os.fsync(self._file.fileno())
                self._file.close()
                self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        return self._file

    def _read(self, path: Path) -> None:
        """Take the whole lines of a file from where it was read to before."""
        begin = self._read_to.get(path, 0)
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == begin:
                return
            file.seek(begin)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read_to[path] = begin + len(whole)
        for line in whole.splitlines():
            with suppress(ValueError, RecursionError, KeyError, TypeError, AttributeError):
                entry = json.loads(line)  # a line that is damaged is scored again
                if isinstance(entry.get("answer"), dict) and isinstance(entry["sequence"], str):
                    known = self._answers.setdefault(entry["scorer"], {})
                    known.setdefault(entry["sequence"], entry["answer"])
