"""Answers: kept in order, refused when not due, never lost."""

from __future__ import annotations

import re
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.study.design import schedule
from sequence_tutor.study.folder import ANSWERS_FILE, load_study
from sequence_tutor.study.store import RefusedError, Store

from .conftest import small_study


@pytest.fixture
def store(study_folder: Path) -> Store:
    return Store(study_folder / ANSWERS_FILE, load_study(study_folder))


def answer(store: Store, listener: int, position: int) -> None:
    store.played(listener, position, "left")
    store.played(listener, position, "right")
    store.choose(listener, position, "left")
    store.prefer(listener, position, 2)


def test_a_listener_goes_through_the_schedule(store: Store, study_folder: Path) -> None:
    study = load_study(study_folder)
    number, code = store.join()
    assert (number, store.join()[0]) == (0, 1)
    assert store.find(f" {code[:5].lower()}-{code[5:]} ") == number
    assert store.find("wrong") is None
    for position, pair in enumerate(schedule(study, number)):
        standing = store.standing(number)
        assert (standing.position, standing.stage, standing.pair) == (position, "listen", pair)
        answer(store, number, position)
    assert store.standing(number).stage == "done"
    first, second = store.listeners()
    assert [(one.left, one.right) for one in first.answers] == [
        (pair.left, pair.right) for pair in schedule(study, number)
    ]
    assert second.answers == ()


def test_what_is_not_due_changes_nothing(store: Store) -> None:
    number, _ = store.join()
    with pytest.raises(RefusedError, match="heard to the end first"):
        store.choose(number, 0, "left")
    store.played(number, 0, "left")
    with pytest.raises(RefusedError, match="heard to the end first"):
        store.choose(number, 0, "left")
    with pytest.raises(RefusedError):
        store.prefer(number, 0, 1)
    store.played(number, 0, "right")
    store.choose(number, 0, "right")
    before = store.standing(number)
    for replayed in (0, 1):
        with pytest.raises(RefusedError):
            store.choose(number, replayed, "left")
        with pytest.raises(RefusedError):
            store.played(number, replayed, "left")
    with pytest.raises(RefusedError):
        store.prefer(number, 1, 5)
    assert store.standing(number) == before
    store.prefer(number, 0, 4)
    with pytest.raises(RefusedError):
        store.prefer(number, 0, 5)
    assert store.listeners()[0].answers[0].preference == 4


def test_a_reload_goes_on_where_it_was(store: Store, study_folder: Path) -> None:
    number, code = store.join()
    answer(store, number, 0)
    store.played(number, 1, "right")
    before, secret, token = store.standing(number), store.secret, store.token
    store.close()
    again = Store(study_folder / ANSWERS_FILE, load_study(study_folder))
    assert again.standing(number) == before
    assert (again.secret, again.token, again.find(code)) == (secret, token, number)
    assert stat.S_IMODE((study_folder / ANSWERS_FILE).stat().st_mode) == 0o600
    assert again._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert again._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_answer_that_was_saved_survives_kill_9(study_folder: Path) -> None:
    code = """
import sys
from pathlib import Path
from sequence_tutor.study.folder import load_study
from sequence_tutor.study.store import Store
folder = Path(sys.argv[1])
store = Store(folder / "answers.sqlite", load_study(folder))
while True:
    number, _ = store.join()
    for position in range(5):
        store.played(number, position, "left")
        store.played(number, position, "right")
        store.choose(number, position, "left")
        store.prefer(number, position, 1 + position)
        print(number, position, flush=True)
"""
    command = [sys.executable, "-c", code, str(study_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(43)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    store = Store(study_folder / ANSWERS_FILE, load_study(study_folder))
    saved = [len(listener.answers) for listener in store.listeners()]
    for line in said:
        number, position = map(int, line.split())
        assert saved[number] > position
    assert sum(saved) - len(said) in (0, 1)  # the one on its way may have been saved


def test_a_full_disk_refuses_one_answer_and_loses_none(store: Store) -> None:
    number, _ = store.join()
    answer(store, number, 0)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    joined = [number]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        joined.extend(store.join()[0] for _ in range(10_000))
    assert joined == list(range(len(joined)))
    assert len(store.listeners()) == len(joined)
    assert len(store.listeners()[0].answers) == 1
    store._db.execute("PRAGMA max_page_count = 1000000")
    assert store.join()[0] == len(joined)


def test_files_that_are_no_database_of_this_study(store: Store, study_folder: Path) -> None:
    study, path = load_study(study_folder), study_folder / ANSWERS_FILE
    for _ in range(200):
        store.join()
    store.close()
    whole = path.read_bytes()
    other = small_study(study_folder.parent / "other", seed=1)
    with pytest.raises(UserError, match="answers of another study"):
        Store(path, other)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(UserError, match=rf"{ANSWERS_FILE}: cannot be used as a database"):
        Store(path, study)
    path.write_bytes(whole[:4096] + b"\xff" * 2048 + whole[6144:])
    with pytest.raises(UserError, match=r"damaged|cannot be used|another"):
        Store(path, study)
    path.write_bytes(whole.replace(b"CREATE TABLE answers", b"CREAT\x85 TABLE answers"))
    with pytest.raises(UserError, match=rf"{ANSWERS_FILE}: cannot be used .*can't decode"):
        Store(path, study)
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE mine (x)").connection.close()
    with pytest.raises(UserError, match="a database of something else"):
        Store(path, study)
    path.write_bytes(whole)
    assert len(Store(path, study).listeners()) == 200  # looking at it never did any harm


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM study",
        "DROP TABLE answers",
        "ALTER TABLE plays ADD COLUMN model TEXT",
        "UPDATE answers SET left = 'nowhere'",
        "UPDATE answers SET choice = CAST(x'ff' AS TEXT)",
        "UPDATE answers SET left = CAST(x'ff' AS TEXT)",
        "UPDATE study SET token = CAST(x'ff' AS TEXT)",
        "UPDATE answers SET preference = 6",
        "DELETE FROM listeners",
    ],
)
def test_a_database_that_was_tampered_with(change: str, store: Store, study_folder: Path) -> None:
    number, _ = store.join()
    answer(store, number, 0)
    store.close()
    path = study_folder / ANSWERS_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(change)
    with pytest.raises(UserError, match=re.escape(str(path))) as caught:
        Store(path, load_study(study_folder)).listeners()
    assert "\n" not in str(caught.value)
