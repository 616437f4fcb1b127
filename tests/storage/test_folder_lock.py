"""One writer in a folder; nobody is kept out by the dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage import folder_lock
from sequence_tutor.storage.files import LEFTOVER, LOCK_FILE, write_text
from sequence_tutor.storage.folder_lock import SILENCE, Holder, writing_in

HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from sequence_tutor.storage.folder_lock import writing_in\n"
    "with writing_in(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
)


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes in a folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def lock_of(folder: Path, holder: Holder, age: float) -> Path:
    """A lock that was touched so many seconds ago."""
    folder.mkdir(exist_ok=True)
    lock = folder / LOCK_FILE
    lock.write_text(json.dumps(asdict(holder)))
    os.utime(lock, (time.time() - age, time.time() - age))
    return lock


def never(_seconds: float) -> None:
    raise AssertionError("nothing is to be waited for")


def test_a_second_process_is_refused_and_one_after_a_kill_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with held(folder) as process:
        with pytest.raises(UserError) as refused, writing_in(folder, never):
            pass
        assert str(refused.value) == (
            f"{folder}: process {process.pid} of this machine writes there; wait until it has "
            "ended, or use another --out"
        )
        process.kill()
        # not even while its parent has not asked how it ended
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with writing_in(folder, never):
            assert json.loads((folder / LOCK_FILE).read_text())["process"] == os.getpid()
    assert not (folder / LOCK_FILE).exists()


def test_it_is_given_back_after_an_error_and_a_folder_stays_only_with_files(
    tmp_path: Path,
) -> None:
    def fail(folder: Path, text: str) -> None:
        with writing_in(folder, never):
            if text:
                write_text(folder / "run.json", text)
            raise KeyboardInterrupt

    for name, text in (("empty", ""), ("begun", "{}")):
        with pytest.raises(KeyboardInterrupt):
            fail(tmp_path / name, text)
    assert not (tmp_path / "empty").exists()
    assert [path.name for path in (tmp_path / "begun").iterdir()] == ["run.json"]


def test_a_process_of_the_same_number_that_began_later_is_another(tmp_path: Path) -> None:
    holder = replace(Holder.this_process(), start="1")
    lock_of(tmp_path / "run", holder, 0)
    with writing_in(tmp_path / "run", never):
        pass


def test_another_machine_holds_it_as_long_as_it_touches_it(tmp_path: Path) -> None:
    holder = replace(Holder.this_process(), machine="elsewhere", host="alba", process=7)
    lock = lock_of(tmp_path / "run", holder, 5)

    def beats(_seconds: float) -> None:
        os.utime(lock)

    with (
        pytest.raises(UserError, match=r"run: process 7 of alba writes there.*delete"),
        writing_in(tmp_path / "run", beats),
    ):
        pass
    assert lock.is_file()


def test_another_machine_that_is_silent_has_lost_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = replace(Holder.this_process(), machine="elsewhere", host="alba")
    lock_of(tmp_path / "run", holder, SILENCE + 1)
    with writing_in(tmp_path / "run", never):
        pass
    # it is watched until the minute is over
    lock_of(tmp_path / "run", holder, 0)
    now = time.time()
    waited = list[float]()
    monkeypatch.setattr(folder_lock, "_now_at", lambda _lock: now + sum(waited))
    with writing_in(tmp_path / "run", waited.append):
        assert SILENCE - 2 < sum(waited) < SILENCE + 2


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"host": 1}', "\0"])
def test_a_damaged_lock_is_nobodys_after_a_minute(tmp_path: Path, content: str) -> None:
    lock = tmp_path / LOCK_FILE
    lock.write_text(content)
    os.utime(lock, (time.time() - SILENCE - 1,) * 2)
    with writing_in(tmp_path, never):
        pass
    assert not lock.exists()


def test_a_disk_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with writing_in(tmp_path, never):
        with pytest.raises(UserError, match="of this machine writes there"), writing_in(tmp_path):
            pass
        assert (tmp_path / LOCK_FILE).is_file()
    assert list(tmp_path.iterdir()) == []


def test_a_crash_leaves_nothing_that_the_next_one_does_not_remove(tmp_path: Path) -> None:
    with held(tmp_path / "run") as process:
        code = (
            "import os; from pathlib import Path\n"
            "from sequence_tutor.storage.files import replacing\n"
            f"with replacing(Path({str(tmp_path / 'run' / 'a.json')!r})) as beside:\n"
            "    beside.write_text('half'); os._exit(9)"
        )
        subprocess.run([sys.executable, "-c", code], check=False)
        process.kill()
        process.wait()
    assert any(path.name.startswith(LEFTOVER) for path in (tmp_path / "run").iterdir())
    with writing_in(tmp_path / "run", never):
        pass
    assert list((tmp_path / "run").iterdir()) == []
