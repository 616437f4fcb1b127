"""The program as its user's shell starts it: without streams, interrupted, into a pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kit import program
from sequence_tutor.cli import main
from sequence_tutor.cli.parsing import read
from sequence_tutor.cli.program import VERBS
from sequence_tutor.storage.files import LOCK_FILE

slow = pytest.mark.slow
PROGRAM = f"{sys.executable} -m sequence_tutor"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], text=True, capture_output=True, cwd=folder)


@pytest.mark.parametrize(
    "closed", [pytest.param(">&-", marks=slow), pytest.param("2>&-", marks=slow), "<&- >&- 2>&-"]
)
def test_without_standard_streams_the_work_is_done(closed: str, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"tokens": [14, 16, 18, 19]}\n')
    ended = shell(f"{PROGRAM} score melody one.jsonl --json out.json {closed}", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text())


def test_threads_wait_briefly_unless_the_user_says_otherwise() -> None:
    """Set before torch is loaded, which reads it once."""
    code = (
        "import os, sys; from sequence_tutor.cli import main; main(['--version']); "
        "assert 'torch' not in sys.modules; print(os.environ.get('GOMP_SPINCOUNT'))"
    )
    cases: tuple[tuple[dict[str, str], str], ...] = (
        ({}, "2000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, "None"),
    )
    for given, expected in cases:
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
        }
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={**inherited, **given},
            text=True,
            capture_output=True,
            check=True,
        )
        assert found.stdout.split()[-1] == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_an_interruption_of_the_first_seconds_is_one_line(
    number: signal.Signals, seconds: float, tmp_path: Path
) -> None:
    command = program("tune", "melody", "--out", "run")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        time.sleep(seconds)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    word = "interrupted" if number == signal.SIGINT else "terminated"
    assert process.returncode == 128 + number
    assert error.splitlines()[-1].startswith(f"sequence-tutor: {word}")
    assert "Traceback" not in error
    assert not (tmp_path / "run" / LOCK_FILE).exists()


def test_a_full_disk_for_what_is_printed_is_one_sentence(tmp_path: Path) -> None:
    ended = shell(f"{PROGRAM} --help > /dev/full", tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "sequence-tutor: standard output: No space left on device\n"


@pytest.mark.parametrize("given", [["--out", ""], ["--out="], ["--config", "", "--out", "x"]])
def test_an_empty_name_is_refused(
    given: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", "melody", *given]) == 2
    assert "an empty name was given, expected" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert read(VERBS["tune"], "tune", ["melody", "--out", "."])


def test_what_a_terminal_would_obey_is_shown_in_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "melody", f"{tmp_path}/\x1b[31mno\nfolder"]) == 2
    error = capsys.readouterr().err
    assert r"\x1b[31mno\nfolder" in error
    assert len(error.splitlines()) == 1
