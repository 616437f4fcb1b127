"""Copies of a run's log: nothing is missing or sent twice, and what fails ends no run."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sequence_tutor as st
from sequence_tutor.storage.run_log import Record, read_log
from sequence_tutor.tracking import LoggedRun
from sequence_tutor.tuner.callbacks import Learned

ROOT = Path(__file__).parents[2]
SHORT: dict[str, Any] = {
    "steps": 6,
    "batch": 8,
    "collect": 8,
    "evaluate_every": 2,
    "evaluate_samples": 16,
}


class Kills(st.Callback):
    def learned(self, moment: Learned) -> None:
        if moment.step == 5:
            raise KeyboardInterrupt


class Keeps(st.Logger):
    """Keeps lines in a list; fails at a step, once."""

    name = "keeps"

    def __init__(self, fails_at: int | None = None) -> None:
        self.lines: list[Record] = []
        self.identities: list[str | None] = []
        self.ends: list[bool] = []
        self.fails_at = fails_at

    def begin(self, run: LoggedRun) -> str:
        self.identities.append(run.identity)
        return "number 7"

    def write(self, record: Record) -> None:
        if record["step"] == self.fails_at:
            raise ConnectionError("the network is gone")
        record["warnings"].append("a change that the log must not see")
        self.lines.append(record)

    def end(self, *, finished: bool) -> None:
        self.ends.append(finished)


def go(out: Path, *log_to: Any, tables: dict[str, Any] | None = None, **given: Any) -> None:
    overrides = {"tune": SHORT, **(tables or {})}
    given = {"threads": 1, "quiet": True, **given}
    st.tune("toy", out, overrides=overrides, log_to=log_to, **given)


def test_an_interrupted_run_is_one_run_for_a_logger(tmp_path: Path) -> None:
    keeps = Keeps()
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "run", keeps, callbacks=[Kills()])
    go(tmp_path / "run", keeps)
    assert [line["step"] for line in keeps.lines] == [0, 2, 4, 6]
    assert keeps.identities == [None, "number 7"]
    assert keeps.ends == [False, True]
    logged = read_log(tmp_path / "run" / "training.jsonl")
    assert [line["loss"] for line in keeps.lines] == [line["loss"] for line in logged]
    assert not any("a change that the log must not see" in line["warnings"] for line in logged)


def test_one_that_fails_is_warned_of_once_and_gets_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeps = Keeps(fails_at=2)
    go(tmp_path / "run", keeps, quiet=False)
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("logger keeps: failed (ConnectionError: the network is gone)") == 1
    assert len(read_log(tmp_path / "run" / "training.jsonl")) == 4
    assert [line["step"] for line in keeps.lines] == [0]
    late = Keeps()
    go(tmp_path / "run", late)  # a finished run tells what is missing, too
    assert [line["step"] for line in late.lines] == [2, 4, 6]


def test_a_function_gets_every_line(tmp_path: Path) -> None:
    lines: list[Record] = []

    def tells(record: Record) -> None:
        lines.append(record)

    go(tmp_path / "run", tells)
    assert lines == read_log(tmp_path / "run" / "training.jsonl")


class Renames(Keeps):
    def begin(self, run: LoggedRun) -> str:
        self.identities.append(run.identity)
        return f"number {len(self.identities)}"

    def write(self, record: Record) -> None:
        self.lines.append(record)


class Writes(Keeps):
    def write(self, record: Record) -> None:
        record["step"] = 3


class Untold(Keeps):
    def write(self, record: Record) -> None:
        raise ValueError("no such column")


@pytest.mark.parametrize(
    ("logger", "sentence"),
    [
        (Renames(), "identity 'number 1' as it began and 'number 2' as it went"),
        (Writes(), "logger keeps changed the line that it was given"),
        (Untold(), "write of the logger keeps failed: ValueError: no such column"),
        (3, "a logger is 3, expected a name, an object of a class that derives from"),
    ],
)
def test_a_broken_promise_is_named(logger: Any, sentence: str) -> None:
    with pytest.raises(st.UserError, match=sentence):
        st.check_logger(logger)


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(st.UserError, match="two loggers are named 'keeps'"):
        go(tmp_path / "run", Keeps(), Keeps())
    assert not (tmp_path / "run").exists()


def test_a_library_that_is_missing_is_named_before_the_run_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("wandb", "mlflow", "trackio"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(st.UserError, match=rf"pip install 'sequence-tutor\[{name}\]'"):
            go(tmp_path / "run", tables={"log": {"to": [name]}})
    assert not (tmp_path / "run").exists()


PROGRAM = """
import sys
from contextlib import closing
import sequence_tutor as st
class Kills(st.Callback):
    def learned(self, moment):
        if moment.step == 5 and {killed}:
            raise KeyboardInterrupt
try:
    tables = {{"tune": {tune}, "log": {{"to": [{name!r}], "project": "ours"}}}}
    st.tune("toy", {out!r}, overrides=tables, callbacks=[Kills()], threads=1)
except KeyboardInterrupt:
    pass
"""


def twice(name: str, out: Path, environment: dict[str, str]) -> str:
    """A run that is interrupted and goes on, each in a process of its own; what it said."""
    said = ""
    for killed in (True, False):
        source = PROGRAM.format(killed=killed, out=str(out), tune=SHORT, name=name)
        done = subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said += done.stderr
    return said


@pytest.mark.slow
def test_mlflow_has_one_run_with_every_number(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="the extra [mlflow] is not installed")
    store = (tmp_path / "mlruns").as_uri()
    allowed = {"MLFLOW_TRACKING_URI": store, "MLFLOW_ALLOW_FILE_STORE": "true"}
    said = twice("mlflow", tmp_path / "run", allowed)
    assert "failed" not in said
    (run,) = (tmp_path / "mlruns").glob("*/*/meta.yaml")
    points = (run.parent / "metrics" / "reward_per_sequence").read_text().splitlines()
    logged = read_log(tmp_path / "run" / "training.jsonl")
    assert [int(point.split()[2]) for point in points] == [0, 2, 4, 6]
    found = [float(point.split()[1]) for point in points]
    assert found == pytest.approx([line["reward_per_sequence"] for line in logged])
    assert (run.parent / "params" / "tune.algorithm").read_text() == "psi"
    assert "status: 3" in run.read_text()  # finished


@pytest.mark.slow
def test_wandb_has_one_run_with_every_number(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="the extra [wandb] is not installed")
    said = twice("wandb", tmp_path / "run", {"WANDB_MODE": "offline", "HOME": str(tmp_path)})
    assert "failed" not in said
    kept = json.loads((tmp_path / "run" / "loggers.json").read_text())["wandb"]
    assert kept["sent"] == 4
    files = sorted((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == 2  # of two processes
    assert {file.stem for file in files} == {f"run-{kept['identity']}"}
    assert b"reward_per_sequence" in b"".join(file.read_bytes() for file in files)


@pytest.mark.slow
def test_trackio_has_one_run_with_every_number(tmp_path: Path) -> None:
    pytest.importorskip("trackio", reason="the extra [trackio] is not installed")
    own = dict.fromkeys(("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID"), "")
    places = {"TRACKIO_DIR": str(tmp_path / "trackio"), "HOME": str(tmp_path)}
    said = twice("trackio", tmp_path / "run", {**own, **places, "HF_HUB_OFFLINE": "1"})
    assert "failed" not in said
    kept = json.loads((tmp_path / "run" / "loggers.json").read_text())["trackio"]
    (file,) = (tmp_path / "trackio").glob("*.db")
    with closing(sqlite3.connect(file)) as database:
        lines = database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY step")
        names, steps, metrics = zip(*lines, strict=True)
    assert set(names) == {kept["identity"]}
    assert steps == (0, 2, 4, 6)
    found = [json.loads(line)["reward_per_sequence"] for line in metrics]
    logged = read_log(tmp_path / "run" / "training.jsonl")
    assert found == pytest.approx([line["reward_per_sequence"] for line in logged])
