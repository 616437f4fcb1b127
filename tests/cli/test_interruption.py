"""What is left behind by a kill at any moment, a full disk, and a place that is taken."""

from __future__ import annotations

import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from kit import kill_once_there, program, run
from sequence_tutor.storage.checkpoints import load_checkpoint, save_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.run_record import RUN_FILE

TUNE = """
[tune]
steps = 120
batch = 8
collect = 8
evaluate_every = 10
evaluate_samples = 64
"""
TRAIN = """
[train]
batch = 8
steps = 120
evaluate_every = 10
patience = 100
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    """A command of its own process."""
    return subprocess.Popen(
        program(*arguments, "--threads", 1, "--quiet"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*arguments: object) -> None:
    """The same command in this process, to its end."""
    assert run(*arguments, "--threads", 1, "--quiet") == 0


def kill_once_saved(folder: Path, *arguments: object) -> int:
    """Kill a command soon after its first checkpoint; the step it had logged."""
    kill_once_there(folder / STATE_FILE, program(*arguments, "--threads", 1, "--quiet"))
    assert not (folder / POLICY_FILE).exists()
    step: int = read_log(folder / LOG_FILE)[-1]["step"]
    return step


def assert_same_results(one: Path, other: Path) -> None:
    """Every tensor of the state and every line of the log, but for the seconds."""
    first, second = (load_checkpoint(folder / STATE_FILE)[0] for folder in (one, other))
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)
    logs = [read_log(folder / LOG_FILE) for folder in (one, other)]
    for record in (*logs[0], *logs[1]):
        del record["seconds"]
    assert logs[0] == logs[1]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(TUNE)
    return path


@pytest.mark.long
def test_a_killed_tune_goes_on_by_the_same_command(tmp_path: Path, settings: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = ("tune", "toy", "--config", settings, "--c", 1, "--out")
    assert 0 < kill_once_saved(killed, *command, killed) < 120
    with (killed / LOG_FILE).open("a") as log:  # as if it had logged and not yet saved
        log.write('{"step": 119, "rew')
    finish(*command, killed)
    finish(*command, whole)
    assert_same_results(killed, whole)
    assert (killed / POLICY_FILE).read_bytes() == (whole / POLICY_FILE).read_bytes()

    # killed between the last checkpoint and the tuned model
    (killed / POLICY_FILE).unlink()
    finish(*command, killed)
    assert (killed / POLICY_FILE).read_bytes() == (whole / POLICY_FILE).read_bytes()

    # killed as it began, halfway through its second file
    begun = tmp_path / "begun"
    begun.mkdir()
    shutil.copy(whole / RUN_FILE, begun)
    (begun / ".partial-card.json").write_text("{")
    finish(*command, begun)
    assert_same_results(begun, whole)


@pytest.mark.long
def test_a_killed_pretrain_goes_on_by_the_same_command(tmp_path: Path) -> None:
    settings, lines = tmp_path / "small.toml", tmp_path / "lines.jsonl"
    settings.write_text(TRAIN)
    rows = (
        (a, b, c, d, a, b) for a in range(4) for b in range(4) for c in range(4) for d in (0, 1)
    )
    lines.write_text("".join(f'{{"tokens": {list(row)}}}\n' for row in rows))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = ("pretrain", "toy", "--data", lines, "--config", settings, "--out")
    assert 0 < kill_once_saved(killed, *command, killed) < 120
    finish(*command, killed)
    finish(*command, whole)
    assert_same_results(killed, whole)
    weights = [load_checkpoint(folder / "prior.safetensors")[0] for folder in (killed, whole)]
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[1])


def test_a_run_goes_on_from_its_own_prior_only(
    tmp_path: Path, settings: Path, melody_prior: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(melody_prior, tmp_path / "other")
    out = tmp_path / "run"
    paper = ("--config", settings, "--preset", "paper", "--steps", 10)
    command = ("tune", "melody", *paper, "--out", out, "--prior", other)
    finish(*command)
    tensors, info = load_checkpoint(other / "prior.safetensors")
    tensors["network.head.bias"] = tensors["network.head.bias"].flip(0)
    save_checkpoint(other / "prior.safetensors", tensors, info)
    assert run(*command, "--threads", 1) == 2
    assert "holds a run with another 'prior'" in capsys.readouterr().err


@pytest.mark.long
def test_a_full_disk_is_one_sentence_and_leaves_no_half_of_a_file(
    tmp_path: Path, settings: Path
) -> None:
    """The limit of a file's size stands in for the disk's."""
    out = tmp_path / "run"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        process = start("tune", "toy", "--config", settings, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2, error
    assert error.startswith(f"sequence-tutor: {out / 'prior.safetensors'}: cannot be written")
    assert len(error.splitlines()) == 1
    assert {path.name for path in out.iterdir()} == {RUN_FILE, "card.json"}
    finish("tune", "toy", "--config", settings, "--out", out)
