"""Tuning in the background, told from folders alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit import program, run, sentence
from sequence_tutor.errors import UserError
from sequence_tutor.storage.processes import machine, start_of
from sequence_tutor.studio.job_folder import (
    JOB_FILE,
    OUTPUT_FILE,
    RUN_FOLDER,
    Job,
    Worker,
    load_job,
    standing,
    state_of,
)
from sequence_tutor.studio.jobs import Jobs
from sequence_tutor.studio.orders import Checked
from sequence_tutor.studio.workspace import default_workspace, workspace_of

from .conftest import Client, studio

JOB = Job("tuned-1", "Home", "tunes", "melody", "tunes", "musical", 100)
AIMS = ["last_note_is_tonic >= 90 %"]
PROGRESS = (
    "tuning psi: 30/100, 4.1/s, 17 s left, reward 3.2  aims 1 of 2, worst x 84.1 of 90 %\n"
    "tuning psi: 70/100, 4.1/s, 7 s left, reward 3.4\n"
)


def folder_of(tmp_path: Path, job: Job = JOB, output: str = "") -> Path:
    folder = tmp_path / "jobs" / job.id
    folder.mkdir(parents=True)
    job.save(folder)
    (folder / OUTPUT_FILE).write_text(output)
    return folder


def alive() -> Worker:
    return Worker(os.getpid(), start_of(os.getpid()), machine())


def until(met: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def test_a_job_is_what_its_folder_says(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert load_job(folder) == JOB
    assert state_of(JOB, folder) == "waiting"
    working = replace(JOB, worker=alive())
    assert state_of(working, folder) == "running"
    gone = replace(JOB, worker=Worker(os.getpid(), "another start", machine()))
    assert state_of(gone, folder) == "stopped"  # its number is another process's now
    elsewhere = replace(JOB, worker=replace(alive(), machine="another"))
    assert state_of(elsewhere, folder) == "stopped"
    assert state_of(replace(gone, wanted=False), folder) == "stopped"
    (folder / OUTPUT_FILE).write_text("sequence-tutor: the disk is full\n")
    assert state_of(gone, folder) == "failed"
    assert standing(gone, folder)["error"] == "the disk is full"
    (folder / OUTPUT_FILE).write_text("sequence-tutor: terminated; the same command continues\n")
    assert state_of(gone, folder) == "stopped"
    (folder / OUTPUT_FILE).write_text("Traceback (most recent call last):\n  x\nKeyError: 'a'\n")
    assert standing(gone, folder)["error"] == "KeyError: 'a'"


def test_progress_is_read_from_the_last_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, output=PROGRESS)
    found = standing(replace(JOB, worker=alive()), folder)
    assert (found["step"], found["steps"], found["seconds_left"]) == (70, 100, 7)
    assert found["live"] == "reward 3.4"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', "[" * 5_000])
def test_damaged_jobs_are_left_out(tmp_path: Path, text: str) -> None:
    (folder_of(tmp_path) / JOB_FILE).write_text(text)
    jobs = Jobs(tmp_path)
    try:
        assert jobs.show() == []
        assert jobs.finished() == []
    finally:
        jobs.close()


def test_one_workspace_has_one_studio(tmp_path: Path) -> None:
    with (
        workspace_of(tmp_path / "own"),
        pytest.raises(UserError, match="choose another folder with --workspace"),
        workspace_of(tmp_path / "own"),
    ):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="a file is there"), workspace_of(tmp_path / "file"):
        pass


def test_the_workspace_is_of_the_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_workspace() == tmp_path / "sequence-tutor" / "studio"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_workspace() == tmp_path / ".local" / "share" / "sequence-tutor" / "studio"


def test_the_id_of_a_removed_job_is_not_given_again(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)  # whose models may be in memory
    jobs.close()
    checked = Checked("melody", "tunes", "musical", {}, 1)
    assert [jobs.add(checked, "tunes", ""), jobs.add(checked, "tunes", "")] == [
        "tuned-1",
        "tuned-2",
    ]
    shutil.rmtree(tmp_path / "jobs" / "tuned-2")
    assert jobs.add(checked, "tunes", "") == "tuned-3"


def test_too_many_unfinished_jobs_are_refused(tmp_path: Path) -> None:
    checked = Checked("melody", "tunes", "musical", {}, 10)
    jobs = Jobs(tmp_path)
    jobs.close()  # nothing is started
    names = [jobs.add(checked, "tunes", f"name {number}") for number in range(20)]
    assert names[0] == "tuned-1"
    assert [job["id"] for job in jobs.show()] == names
    with pytest.raises(UserError, match="20 jobs are unfinished"):
        jobs.add(checked, "tunes", "")
    jobs.stop("tuned-2")
    assert jobs.show()[1]["state"] == "stopped"
    jobs.resume("tuned-2")
    assert jobs.show()[1]["state"] == "waiting"


@pytest.mark.parametrize("run", [False, True])
def test_a_job_is_removed_and_its_name_not_given_again(tmp_path: Path, run: bool) -> None:
    checked = Checked("melody", "tunes", "musical", {}, 10)
    jobs = Jobs(tmp_path)
    jobs.close()
    for _ in range(2):
        jobs.add(checked, "tunes", "")
    folder, outside = tmp_path / "jobs" / "tuned-2", tmp_path / "mine"
    (folder / RUN_FOLDER).mkdir()
    (folder / RUN_FOLDER / "policy.safetensors").touch()
    outside.mkdir()
    (outside / "kept").touch()
    (folder / "link").symlink_to(outside)
    jobs.remove("tuned-2", run=run)
    assert [job["id"] for job in jobs.show()] == ["tuned-1"]
    assert (folder / RUN_FOLDER / "policy.safetensors").exists() is not run
    assert (outside / "kept").exists()
    assert jobs.add(checked, "tunes", "") == "tuned-3"
    with pytest.raises(UserError, match="there is no job 'tuned-2'"):
        jobs.remove("tuned-2", run=run)


def test_a_job_that_runs_is_not_removed(tmp_path: Path) -> None:
    folder_of(tmp_path, replace(JOB, worker=alive()))
    jobs = Jobs(tmp_path)
    try:
        with pytest.raises(UserError, match="running or still ending, expected it to be stopped"):
            jobs.remove("tuned-1", run=True)
        assert [job["state"] for job in jobs.show()] == ["running"]
    finally:
        jobs.close()


@pytest.mark.slow
def test_a_job_runs_waits_stops_goes_on_and_becomes_a_model(tmp_path: Path) -> None:
    with studio(tmp_path, ["tunes"]) as address, Client(address) as client:

        def states() -> list[str]:
            return [str(job["state"]) for job in client.get("/v1/jobs")["jobs"]]

        first = client.post("/v1/jobs", aims=AIMS, bars=2, steps=60, name="Home")["id"]
        weights = {"key": 2.0, "cadence": 1.0}
        more: dict[str, Any] = {"chords": "F | C7", "key": "F", "form": "A A'"}
        second = client.post("/v1/jobs", weights=weights, bars=4, steps=40, seed=7, **more)["id"]
        until(lambda: states() == ["running", "waiting"])
        assert client.post(f"/v1/jobs/{first}/stop")["jobs"][0]["state"] == "stopped"
        until(lambda: states() == ["stopped", "running"])
        until(lambda: states() == ["stopped", "done"])
        client.post(f"/v1/jobs/{first}/resume")
        until(lambda: states() == ["done", "done"])
        jobs = client.get("/v1/jobs")["jobs"]
        assert jobs[0]["step"] == 60
        assert jobs[0]["live"].endswith("of 1 aims met")
        models = {one["id"]: one for one in client.get("/v1/info")["models"]}
        assert models[first]["name"] == "Home"
        assert models[second]["key"] == "C major"
        assert models[second]["weights"]["chords"] == 2
        reply = client.post("/v1/generate", model=second, bars=4, count=2)
        assert set(reply["candidates"][0]["paid"]) == {"key", "cadence", "chords", "form"}
        assert reply["heard"]["key"] == "F major"
        assert reply["heard"]["chords"] == "F | C7"
        said = client.refused("/v1/generate", model=second, bars=8)
        assert "tuned at a length of 64" in said
        left = client.http.delete(f"/v1/jobs/{second}", params={"run": "true"}).json()["jobs"]
        assert [job["id"] for job in left] == [first]
        assert "there is no model" in client.refused("/v1/generate", model=second)
        assert list((tmp_path / "jobs" / second).iterdir()) == []


@pytest.mark.slow
def test_a_job_survives_the_kill_of_its_studio(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    command = program("studio", "tunes", "--no-browser", "--port", 0, "--workspace", workspace)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with Client(process.stdout.readline().split()[1].rstrip("/")) as client:
            name = client.post("/v1/jobs", aims=AIMS, bars=2, steps=100)["id"]
            until(lambda: bool(client.get("/v1/jobs")["jobs"][0]["state"] == "running"))
        process.kill()
    folder = workspace / "jobs" / name
    record = json.loads((folder / JOB_FILE).read_text())
    assert state_of(load_job(folder), folder) == "running"
    with studio(workspace, ["tunes"]) as address, Client(address) as client:
        assert client.get("/v1/jobs")["jobs"][0]["state"] == "running"
        os.kill(record["worker"]["number"], signal.SIGKILL)  # and its own process, too
        until(lambda: bool(client.get("/v1/jobs")["jobs"][0]["state"] == "stopped"))
        client.post(f"/v1/jobs/{name}/resume")
        until(lambda: bool(client.get("/v1/jobs")["jobs"][0]["state"] == "done"))
    assert (folder / RUN_FOLDER / "policy.safetensors").is_file()
    alone = tmp_path / "alone"
    settings = f"--config={folder / 'settings.toml'}"
    options = ["--prior=tunes", "--preset=musical", settings, "--threads=1", "--quiet"]
    done = [*program("tune", "melody", *options), f"--out={alone}"]
    subprocess.run(done, check=True, stdout=subprocess.DEVNULL)
    tuned = "policy.safetensors"
    assert (alone / tuned).read_bytes() == (folder / RUN_FOLDER / tuned).read_bytes()


def test_the_verb_says_what_is_wrong_before_it_serves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, said in (
        ([tmp_path / "none"], "neither a folder of a run or of a prior"),
        (["tunes", "--port", 70_000], "expected a number from 0 to 65535"),
        (["toy"], "neither a folder"),
    ):
        workspace = ["--workspace", tmp_path / "workspace", "--no-browser"]
        assert run("studio", "--port", 0, *options, *workspace) == 2
        assert said in sentence(capsys)
    assert not (tmp_path / "workspace").exists()


@pytest.mark.slow
def test_a_job_that_is_still_ending_is_resumed_when_it_has(tmp_path: Path) -> None:
    with studio(tmp_path, ["tunes"]) as address, Client(address) as client:

        def job() -> dict[str, Any]:
            found: dict[str, Any] = client.get("/v1/jobs")["jobs"][0]
            return found

        name = client.post("/v1/jobs", aims=AIMS, bars=2, steps=60)["id"]
        until(lambda: job()["state"] == "running")
        client.post(f"/v1/jobs/{name}/stop")
        client.post(f"/v1/jobs/{name}/resume")
        until(lambda: job()["state"] == "done")
        assert job()["step"] == 60
