"""The examples of the page on models train a model, which is then a term."""

from __future__ import annotations

import csv
import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from kit import run
from sequence_tutor.molecule.chemistry import Molecule, parse
from sequence_tutor.molecule.scoring.check import TEN_MOLECULES

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "own_model"


def scores(
    script: str, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, float]:
    """What a trained model predicts for ten molecules, by `score`."""
    for name in (script, f"{Path(model).stem}.toml"):
        shutil.copy(EXAMPLE / name, folder / name)
    monkeypatch.chdir(folder)
    with Path("measured.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["smiles", "qed"])
        for smiles in TEN_MOLECULES:
            molecule = parse(smiles)
            assert molecule is not None
            rows.writerow([smiles, Molecule(molecule).qed])
    monkeypatch.setattr(sys, "argv", [script, "measured.csv", "qed", model])
    runpy.run_path(script)
    config = ["--config", f"{Path(model).stem}.toml", "--quiet"]
    assert run("terms", "check", "molecule", *config[:2]) == 0
    assert run("score", "molecule", "measured.csv", *config, "--json", "scores.jsonl") == 0
    found = map(json.loads, Path("scores.jsonl").read_text().splitlines())
    return {one["smiles"]: one["terms"]["predicted"] for one in found}


@pytest.mark.long
def test_a_forest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("skops")
    found = scores("train.py", "forest.skops", tmp_path, monkeypatch)
    # it has seen caffeine, QED .54, and the chain of twenty carbons, .26
    assert found["Cn1c(=O)c2c(ncn2C)n(C)c1=O"] > found["CCCCCCCCCCCCCCCCCCCC"] + 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch's exporter
def test_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    found = scores("network.py", "network.onnx", tmp_path, monkeypatch)
    assert found["Cn1c(=O)c2c(ncn2C)n(C)c1=O"] > found["CCCCCCCCCCCCCCCCCCCC"] + 0.1
