"""Every verb that computes does so on a GPU, where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from sequence_tutor.cli import main

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

RULES = """
import torch

def ends_on_tonic(melodies):
    reward = torch.zeros(melodies.tokens.shape)
    rows, last = torch.arange(len(reward)), melodies.lengths - 1
    reward[rows, last] = (melodies.tokens[rows, last] == melodies.key.tonic_token).float()
    return reward
"""
SMALL = """
[tune]
batch = 4
collect = 4
evaluate_every = 2
evaluate_samples = 8
[tune.exploration]
kind = "epsilon-policy"
"""


def run(*arguments: object) -> None:
    assert main([*map(str, arguments), "--device", "cuda", "--threads", "1", "--quiet"]) == 0


@pytest.mark.parametrize("algorithm", ["psi", "g", "q"])
def test_tune_sample_and_evaluate(algorithm: str, melody_prior: Path, tmp_path: Path) -> None:
    rules, config, prime = (tmp_path / name for name in ("mine.py", "small.toml", "prime.jsonl"))
    rules.write_text(RULES)
    config.write_text(SMALL)
    prime.write_text('{"tokens": [14, 1, 18, 1]}\n')
    out = tmp_path / "run"
    start = ("tune", "melody", "--prior", melody_prior, "--preset", "paper", "--config", config)
    tune = (*start, "--algorithm", algorithm, "--rules", rules, "--steps", 4, "--out", out)
    run(*tune)
    run(*tune)  # continues a finished run
    run("sample", out, "-n", 2, "--prime", prime, "--no-wav", "--out", tmp_path / "melodies")
    run("evaluate", out, melody_prior, "--samples", 50)


def test_pretrain(tmp_path: Path) -> None:
    rows = ([a, b, c, b, a, c] for a in range(4) for b in range(4) for c in range(4))
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(json.dumps({"tokens": row}) + "\n" for row in rows))
    run("pretrain", "toy", "--data", lines, "--steps", 20, "--out", tmp_path / "prior")
    run("tune", "toy", "--prior", tmp_path / "prior", "--steps", 4, "--out", tmp_path / "run")


def test_bench_prints_the_same_rows(tmp_path: Path) -> None:
    rows = []
    for device in ("cpu", "cuda"):
        file = tmp_path / f"{device}.json"
        assert main(["bench", "--device", device, "--json", str(file), "--quiet"]) == 0
        rows.append(set(json.loads(file.read_text())["spread"]))
    assert rows[0] == rows[1]
