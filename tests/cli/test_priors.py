"""Priors of every kind from the shell: trained, tuned, sampled, compared."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from sequence_tutor.cli import main
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.storage.run_log import read_log

TRANSFORMER = """
[train]
batch = 8
evaluate_every = 5
learning_rate = 0.001
[train.network]
cell = "transformer"
width = 16
layers = 2
heads = 2
"""
TUNE = """
[tune]
steps = 4
batch = 8
collect = 8
collect_every = 1
evaluate_every = 2
evaluate_samples = 16
[tune.replay]
capacity = 64
"""
BLACK_BOX = """
import torch

DOMAIN = "melody"

def log_probs(tokens):
    return torch.full((len(tokens), 38), 1 / 38).log()
"""
LANGUAGE_MODEL = """
prompt = "the cat"
longest = 6
lora_rank = 2
"""


def run(*arguments: object) -> int:
    return main([*map(str, arguments), "--threads", "1", "--quiet"])


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "tune.toml"
    path.write_text(TUNE)
    return path


@pytest.mark.long
def test_a_transformer_of_melodies(tmp_path: Path, settings: Path) -> None:
    tunes, config, numbers = tmp_path / "tunes", tmp_path / "train.toml", random.Random(0)
    tunes.mkdir()
    for number in range(40):
        notes = [numbers.randrange(2, 38) for _ in range(32)]
        write_midi(tunes / f"{number}.mid", [token for note in notes for token in (note, 1, 1, 1)])
    config.write_text(TRANSFORMER)
    prior, tuned, found = tmp_path / "prior", tmp_path / "run", tmp_path / "found.json"
    trained = ("--data", tunes, "--config", config, "--steps", 10, "--out", prior)
    assert run("pretrain", "melody", *trained) == 0
    assert run("tune", "melody", "--prior", prior, "--config", settings, "--out", tuned) == 0
    assert run("sample", tuned, "-n", 2, "--no-wav", "--out", tmp_path / "melodies") == 0
    assert len(list((tmp_path / "melodies").glob("*.mid"))) == 2
    assert run("evaluate", tuned, prior, "--samples", 20, "--particles", 8, "--json", found) == 0
    assert [model["name"] for model in json.loads(found.read_text())["models"]] == ["run", "prior"]


def test_a_black_box_of_melodies(tmp_path: Path, settings: Path) -> None:
    mine, tuned = tmp_path / "mine.py", tmp_path / "run"
    mine.write_text(BLACK_BOX)
    given = ("--prior", mine, "--config", settings, "--out", tuned)
    assert run("tune", "melody", *given) == 2  # by psi
    assert not tuned.exists()
    assert run("tune", "melody", *given, "--algorithm", "g") == 0
    assert run("sample", tuned, "-n", 2, "--no-wav", "--out", tmp_path / "melodies") == 0


@pytest.mark.long
@pytest.mark.usefixtures("few_particles")
def test_a_language_model_with_lora(
    make_language_model: Callable[[str, Path], None],
    tmp_path: Path,
    settings: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("peft", reason="the extra hf is not installed")
    make_language_model("gpt2", tmp_path / "model")
    prior, tuned, lines = tmp_path / "model.toml", tmp_path / "run", tmp_path / "lines.txt"
    prior.write_text(f'model = "{tmp_path / "model"}"{LANGUAGE_MODEL}')
    lines.write_text("the dog sat\n")
    capsys.readouterr()
    given = ("--prior", prior, "--config", settings, "--seeds", lines)
    assert run("tune", "text", *given, "--out", tuned) == 0
    assert run("tune", "text", *given, "--out", tuned) == 0  # nothing left to do
    assert capsys.readouterr().err == ""
    assert read_log(tuned / "training.jsonl")[-1]["scored_sequences"] == 1 + 4 * 8
    assert run("sample", tuned, "-n", 5, "--out", tmp_path / "out") == 0
    assert len((tmp_path / "out" / "lines.txt").read_text().splitlines()) == 5
    advised = ("--tutor", tuned, "--strength", 1.5, "-n", 2)
    assert run("sample", *advised, "--out", tmp_path / "more") == 0
    assert run("evaluate", tuned, "--samples", 20, "--particles", 8) == 0
    compared = ("--methods", "psi,sir", "--budget", 16, "--seeds", 1, "--samples", 16)
    more = ("--prior", prior, "--config", settings, "--out", tmp_path / "compared")
    assert run("compare", "text", *compared, *more) == 0
