"""`sequence-tutor study` from the shell, and what is said when the input is wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from kit import sentence
from sequence_tutor.cli import main
from sequence_tutor.study.answers import Answer
from sequence_tutor.study.design import schedule
from sequence_tutor.study.folder import load_study


def run(*arguments: object) -> int:
    return main(["study", *(str(argument) for argument in arguments)])


def made(prior: Path, run_folder: Path, out: Path) -> Path:
    sizes = ("--pairs", 2, "--rounds", 1, "--length", 4, "--tempo", 600)
    assert run("make", prior, run_folder, "--out", out, *sizes, "--quiet") == 0
    return out


def test_from_models_to_a_result(
    melody_prior: Path, melody_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(melody_prior, melody_run, tmp_path / "study")
    study = load_study(folder)
    assert study.models == ("small", "likes-c")
    answers = [
        Answer(left=pair.left, right=pair.right, choice="left", preference=2).model_dump()
        for pair in schedule(study, 0)
    ]
    file = {"format": 1, "study": study.digest, "listener": "12345678", "answers": answers}
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(file))
    out, numbers = tmp_path / "out", tmp_path / "numbers.json"
    options = ("--allow-failed", 2, "--out", out, "--json", numbers)
    assert run("analyse", folder, "--answers", path, *options) == 0
    assert "1 ratings by 1 listeners" in capsys.readouterr().out
    assert json.loads(numbers.read_text())["ratings"] == 1
    assert sorted(entry.name for entry in out.iterdir()) == [
        "analysis.json",
        "analysis.md",
        "wins.png",
    ]
    assert run("export", folder, "--html", tmp_path / "page.html") == 0
    assert "<!doctype html>" in (tmp_path / "page.html").read_text()


def test_simulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = tmp_path / "power.json"
    small = ("--models", 2, "--share", 0.9, "--studies", 20)
    assert run("simulate", *small, "--json", numbers, "--out", tmp_path) == 0
    found = json.loads(numbers.read_text())
    assert found["scenario"]["share"] == 0.9
    printed = capsys.readouterr().out
    assert f"{found['listeners_needed']} listeners find it in 80%" in printed
    assert "\x1b" not in printed  # no colours where there is no terminal
    assert (tmp_path / "power.png").is_file()
    assert run("simulate", "--share", 2) == 2
    assert "share is 2.0, expected" in sentence(capsys)


def test_help_of_the_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    for verb in ("make", "serve", "export", "analyse", "simulate"):
        assert f"study {verb}" in printed
        assert run(verb, "--help") == 0
        assert f"Example: sequence-tutor study {verb}" in capsys.readouterr().out
    assert run() == 2
    assert "study --help lists" in sentence(capsys)
    assert run("mkae") == 2
    assert "did you mean 'make'" in sentence(capsys)


def test_bad_input(
    melody_prior: Path, melody_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(melody_prior, melody_run, tmp_path / "study")
    assert run("make", melody_prior, "--out", tmp_path / "one") == 2
    assert "expected at least two with different names" in sentence(capsys)
    assert not (tmp_path / "one").exists()
    assert run("analyse", folder) == 2
    assert "no answers that count" in sentence(capsys)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run("serve", folder, "--port", taken.getsockname()[1]) == 2
    assert "another program uses it" in sentence(capsys)
    assert not (folder / "answers.sqlite").exists()  # the port was found taken first
    (folder / "answers.sqlite").write_bytes(b"nothing of the kind" * 99)
    for verb in ("serve", "analyse"):
        assert run(verb, folder) == 2
        assert "cannot be used as a database of answers" in sentence(capsys)
    shutil.rmtree(folder / "clips")
    for arguments in (("serve", folder), ("export", folder, "--html", tmp_path / "page.html")):
        assert run(*arguments) == 2
        assert "the clip is not there" in sentence(capsys)
    assert not (tmp_path / "page.html").exists()


def test_a_full_disk_leaves_no_half_a_study(
    melody_prior: Path,
    melody_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = 0

    def full(_descriptor: int) -> None:
        nonlocal written
        written += 1
        if written > 3:  # the first clips had room
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "study"
    assert run("make", melody_prior, melody_run, "--out", out, "--pairs", 2, "--quiet") == 2
    assert "No space left on device" in sentence(capsys)
    monkeypatch.undo()
    assert run("export", out, "--html", tmp_path / "page.html") == 2
    assert "no study.json is there" in sentence(capsys)
