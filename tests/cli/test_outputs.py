"""What an output would destroy, and settings files of the wrong kind, are refused in a sentence."""

import os
from pathlib import Path

import pytest

from sequence_tutor.cli import main


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one sentence of a command that ends with status 2."""
    assert main([str(one) for one in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_what_is_read_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    melodies = tmp_path / "m.jsonl"
    melodies.write_text('{"tokens": [14, 1, 18]}\n')
    link = tmp_path / "link.jsonl"
    link.symlink_to(melodies)
    for out in (melodies, link):
        said = refusal(capsys, "score", "melody", melodies, "--json", out)
        assert "--json m.jsonl: the same file is read, expected another name" in said
    settings = tmp_path / "mine.toml"
    settings.touch()
    said = refusal(capsys, "score", "melody", melodies, "--config", settings, "--json", settings)
    assert "the same file is read" in said
    assert melodies.read_text() == '{"tokens": [14, 1, 18]}\n'


def test_two_outputs_are_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o.md"
    said = refusal(capsys, "evaluate", "melody", "--markdown", out, "--json", out)
    assert "--json and --markdown are both o.md, expected two files" in said
    assert not out.exists()


@pytest.mark.parametrize("name", ["policy.safetensors", "run.json", "training.jsonl"])
def test_files_of_a_run_stay(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "psi"
    run.mkdir()
    for own in ("run.json", name):
        (run / own).write_text("own")
    said = refusal(capsys, "export", "melody", "--to", "json", "--out", run / name)
    assert "a file of the run or prior in psi, expected another name" in said
    assert (run / name).read_text() == "own"


def test_settings_files_of_the_wrong_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latin, pipe, misplaced = (tmp_path / name for name in ("latin.toml", "pipe", "mine.toml"))
    latin.write_bytes(b"[tune]\nalgorithm = '\xe4'\n")
    os.mkfifo(pipe)
    misplaced.write_text("seed = 3\n")
    for settings, sentence in (
        (latin, "latin.toml line 2: not UTF-8 text, expected a TOML file saved as UTF-8"),
        (tmp_path, ": a folder, expected a settings file"),
        (pipe, ": a pipe or a device, expected a settings file"),
        (misplaced, "seed is of the table tune, expected it below a line [tune]"),
    ):
        out = tmp_path / "run"
        assert sentence in refusal(capsys, "tune", "toy", "--config", settings, "--out", out)
        assert not out.exists()


def test_options_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for given, sentence in (
        (("sample", "melody", "--tempo", "-5", "--out", out), "--tempo: tempo is -5.0, expected"),
        (("sample", "melody", "--key", "Q", "--out", out), "--key: key: unknown key 'Q'"),
        (("evaluate", "melody", "--held-out"), "--held-out is of the sequences of --real, which"),
        (("score", "melody", tmp_path), ": a folder, expected a file, one of .jsonl"),
        (("tune", "melody", "--length", 10**9, "--out", out), "length is 1,000,000,000, which"),
    ):
        assert sentence in refusal(capsys, *given)
        assert not out.exists()
