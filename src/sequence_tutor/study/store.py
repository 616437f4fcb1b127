"""Answers in an SQLite file that survives termination of the service at any moment.

Write-ahead logging with `synchronous = FULL` flushes each change to the disk before it counts as
made. Changes are made one at a time.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import said
from sequence_tutor.study.answers import Answer, Listener, check_answers
from sequence_tutor.study.design import SIDES, Pair, Side, Study, schedule
from sequence_tutor.study.folder import make_private

APPLICATION = 0x53545354  # marks the file as one of ours
SCHEMA = """
CREATE TABLE study (digest TEXT NOT NULL, secret BLOB NOT NULL, token TEXT NOT NULL);
CREATE TABLE listeners (number INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE);
CREATE TABLE plays (
    listener INTEGER NOT NULL REFERENCES listeners,
    position INTEGER NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('left', 'right')),
    PRIMARY KEY (listener, position, side)
) WITHOUT ROWID;
CREATE TABLE answers (
    listener INTEGER NOT NULL REFERENCES listeners,
    position INTEGER NOT NULL,
    left TEXT NOT NULL,
    right TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('left', 'right')),
    preference INTEGER CHECK (preference BETWEEN 1 AND 5),
    PRIMARY KEY (listener, position)
) WITHOUT ROWID;
"""
FIELDS = ("left", "right", "choice", "preference")
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read for something else
CODE_LENGTH = 10

Stage = Literal["listen", "preference", "done"]


class RefusedError(Exception):
    """An answer to a question that is not the current one; nothing was changed."""


@dataclass(frozen=True)
class ListenerState:
    """The progress of a listener."""

    position: int  # number of trials answered completely
    stage: Stage  # what is next: listening and choosing, the preference, or nothing
    pair: Pair | None  # the trial's clips as shown; None when done
    played: tuple[Side, ...]  # sides heard to the end

    def clip(self, side: Side) -> str:
        """Name of the clip on a side.

        Raises:
            RefusedError: all questions are answered.
        """
        if self.pair is None:
            raise RefusedError("everything was answered already")
        return self.pair.left if side == "left" else self.pair.right


class Store:
    """The answers of a study, in a file that is created if necessary.

    Raises:
        UserError: the file is not a database, is damaged, or belongs to another study.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self._study, self._path, self._lock = study, path, threading.RLock()
        self._schedules: dict[int, list[Pair]] = {}
        make_private(path)
        try:
            with ExitStack() as on_failure:
                self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                on_failure.callback(self._db.close)
                self._open()
                self.secret, self.token = self._first("SELECT secret, token FROM study")
                on_failure.pop_all()
        except UserError:
            raise
        except Exception as error:  # of SQLite, or of texts in it that are none
            raise UserError(
                f"{path}: cannot be used as a database of answers ({said(error)})"
            ) from error

    def _open(self) -> None:
        path, db = self._path, self._db
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise UserError(f"{path}: the database is damaged; restore it from a copy")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        (mark,) = db.execute("PRAGMA application_id").fetchone()
        if mark == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            row = (self._study.digest, secrets.token_bytes(32), secrets.token_urlsafe(24))
            with self._change():
                for statement in _statements():
                    db.execute(statement)
                db.execute("INSERT INTO study VALUES (?, ?, ?)", row)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
        elif mark != APPLICATION:
            raise UserError(f"{path}: a database of something else, expected answers of a study")
        tables = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
        if {sql for (sql,) in tables} != set(_statements()):
            raise UserError(f"{path}: its tables are not those of a study; restore it from a copy")
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise UserError(f"{path}: answers of nobody who joined; restore it from a copy")
        if self._first("SELECT digest FROM study") != (self._study.digest,):
            raise UserError(
                f"{path}: answers of another study, or study.json was changed since; restore that, "
                "or move these answers away"
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def join(self) -> tuple[int, str]:
        """A new listener's number and code."""
        with self._change():
            number, code = self._first("SELECT count(*) FROM listeners")[0], _new_code()
            self._db.execute("INSERT INTO listeners VALUES (?, ?)", (number, code))
        return number, code

    def find(self, code: str) -> int | None:
        """The number of the listener with this code; None: there is none."""
        row = self._first("SELECT number FROM listeners WHERE code = ?", _plain(code))
        return int(row[0]) if row else None

    def code_of(self, listener: int) -> str | None:
        """The code of a listener; None: there is no such listener."""
        row = self._first("SELECT code FROM listeners WHERE number = ?", listener)
        return str(row[0]) if row else None

    def standing(self, listener: int) -> ListenerState:
        """The progress of a listener."""
        with self._lock:  # between changes, never within one
            chosen, position = self._first(
                "SELECT count(*), count(preference) FROM answers WHERE listener = ?", listener
            )
            heard = self._db.execute(
                "SELECT side FROM plays WHERE listener = ? AND position = ?", (listener, position)
            ).fetchall()
        if position == self._study.trials:
            return ListenerState(position, "done", None, ())
        played = tuple(side for side in SIDES if (side,) in heard)
        stage: Stage = "listen" if chosen == position else "preference"
        return ListenerState(position, stage, self._trials(listener)[position], played)

    def played(self, listener: int, position: int, side: Side) -> None:
        """Save that a clip was heard to the end.

        Raises:
            RefusedError: it is not the current question.
        """
        with self._due(listener, position, "listen"):
            self._db.execute(
                "INSERT OR IGNORE INTO plays VALUES (?, ?, ?)", (listener, position, side)
            )

    def choose(self, listener: int, position: int, choice: Side) -> None:
        """Save the forced choice.

        Raises:
            RefusedError: it is not the current question, or a clip was not heard to the end.
        """
        with self._due(listener, position, "listen") as standing:
            if standing.played != SIDES:
                raise RefusedError("both melodies must be heard to the end first")
            clips = (standing.clip(side) for side in SIDES)
            self._db.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL)",
                (listener, position, *clips, choice),
            )

    def prefer(self, listener: int, position: int, preference: int) -> None:
        """Save the five-point preference, which completes the answer.

        Raises:
            RefusedError: it is not the current question.
        """
        with self._due(listener, position, "preference"):
            self._db.execute(
                "UPDATE answers SET preference = ? WHERE listener = ? AND position = ?",
                (preference, listener, position),
            )

    def listeners(self) -> list[Listener]:
        """All listeners with their complete answers.

        Raises:
            UserError: the database is damaged, or has answers that do not belong to this study.
        """
        try:
            with self._lock:
                rows = self._db.execute(
                    f"SELECT listener, {', '.join(FIELDS)} FROM answers "
                    "WHERE preference IS NOT NULL ORDER BY listener, position"
                ).fetchall()
                joined = self._db.execute("SELECT number FROM listeners ORDER BY number").fetchall()
        except sqlite3.DatabaseError as error:
            raise UserError(f"{self._path}: answers that cannot be read ({error})") from error
        answers: dict[int, list[Answer]] = {number: [] for (number,) in joined}
        for listener, *row in rows:
            answer = build(Answer, dict(zip(FIELDS, row, strict=True)), str(self._path))
            answers[listener].append(answer)
        for own in answers.values():
            check_answers(own, self._study, str(self._path))
        return [
            Listener(f"{self._path.name} {number}", tuple(own)) for number, own in answers.items()
        ]

    def _trials(self, listener: int) -> list[Pair]:
        if listener not in self._schedules:
            self._schedules[listener] = schedule(self._study, listener)
        return self._schedules[listener]

    def _first(self, query: str, *values: object) -> Any:  # a row's types are known to SQL alone
        with self._lock:
            return self._db.execute(query, values).fetchone()

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction: everything inside is on the disk at the end, or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _due(self, listener: int, position: int, stage: Stage) -> Iterator[ListenerState]:
        """A change that is made only if it is the next for this listener."""
        with self._change():
            standing = self.standing(listener)
            if (standing.position, standing.stage) != (position, stage):
                raise RefusedError("this was answered already")
            yield standing


def _statements() -> list[str]:
    """The statements of the schema as SQLite stores them."""
    return [statement.strip() for statement in SCHEMA.split(";")[:-1]]


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def _plain(code: str) -> str:
    """A code as typed, without spaces and dashes, in capitals."""
    return "".join(letter for letter in code.upper() if letter in ALPHABET)
