"""Exported JSON, computed with by a few lines of NumPy that know nothing of this program."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kit import generator, run, sentence
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.verbs.export import export


def tensors(network: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    return {
        name: np.frombuffer(base64.b64decode(one["float32"]), "<f4").reshape(one["shape"])
        for name, one in network["weights"].items()
    }


def plain_lstm(network: dict[str, Any], start: int, tokens: list[int]) -> Any:
    """The outputs of an LSTM of one layer without lags, (T, outputs), step by step."""
    weights = tensors(network)
    hidden = cell = np.zeros(network["architecture"]["width"])
    rows = []
    for previous in [start, *tokens[:-1]]:
        gates = weights["recurrence.weight_ih_l0"][:, previous]
        gates = gates + weights["recurrence.weight_hh_l0"] @ hidden
        gates = gates + weights["recurrence.bias_ih_l0"] + weights["recurrence.bias_hh_l0"]
        take, keep, candidate, show = np.split(gates, 4)
        cell = cell / (1 + np.exp(-keep)) + np.tanh(candidate) / (1 + np.exp(-take))
        hidden = np.tanh(cell) / (1 + np.exp(-show))
        rows.append(weights["head.weight"] @ hidden + weights["head.bias"])
    return np.stack(rows)


def test_another_program_computes_the_tuned_policy_from_the_file(
    melody_run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "run.json"
    assert run("export", melody_run, "--to", "json", "--out", file, "--quiet") == 0
    said = json.loads(file.read_text())
    tokens = torch.randint(38, (1, 40), generator=generator())
    for name, policy in (("tuned", load_model(melody_run).policy), ("prior", None)):
        wanted = (policy or load_model(melody_run).stored.prior).sequence_log_probs(tokens)[0]
        sums = sum(
            factor * plain_lstm(said["networks"][part], said["start_token"], tokens[0].tolist())
            for part, factor in said["policies"][name].items()
        )[:, : said["vocab_size"]]
        found = sums - np.logaddexp.reduce(sums, axis=1, keepdims=True)
        assert np.abs(found - wanted.numpy()).max() < 1e-5


def test_the_file_says_what_the_tokens_are(tmp_path: Path) -> None:
    said = json.loads(export("tunes", tmp_path / "tunes.json", to="json").read_text())
    assert said["tokens"][:3] == ["off", "hold", "C3"]
    assert said["tokens"][14] == "C4"
    assert said["meter"] == {"text": "4/4", "bar": 16, "beats": [4, 4, 4, 4]}
    assert said["key"] == {"tonic": "C", "scale": "major"}
    assert said["algorithm"] is None
    assert said["policies"] == {"prior": {"prior": 1.0}}
    assert said["networks"]["prior"]["architecture"]["lags"] == [8, 16, 32, 64, 128]


def test_a_format_that_is_none_and_a_prior_that_is_no_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", "tunes", "--to", "jsn", "--out", tmp_path / "x") == 2
    assert "did you mean 'json'?" in sentence(capsys)
    own = tmp_path / "own.py"
    own.write_text(
        'import torch\nDOMAIN = "melody"\n'
        "def log_probs(tokens):\n    return torch.zeros(len(tokens), 38)\n"
    )
    assert run("export", own, "--to", "json", "--out", tmp_path / "x") == 2
    assert "expected a network of this program" in sentence(capsys)
    assert not (tmp_path / "x").exists()
