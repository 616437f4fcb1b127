"""Numbers of molecules are RDKit's, and a fence of them keeps a benchmark's calls inside."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.benchmark import benchmark
from sequence_tutor.verbs.tune import tune
from sequence_tutor.workbench.benchmark_run import CALLS_FILE

SMILES = ["CCO", "c1ccccc1", "O=C1C=CC(=O)C=C1", "CC("]  # a quinone has alerts; the last is none
DOMAIN = MoleculeDomain()


def batch() -> SequenceBatch:
    return SequenceBatch.from_lists([DOMAIN.vocabulary.encode(one) for one in SMILES])


def test_numbers_are_those_of_rdkit() -> None:
    found = DOMAIN.numbers(["MolWt", "logp", "alerts", "alerts_pains"])
    sizes = found["MolWt"](batch())
    assert sizes[:3].tolist() == pytest.approx([46.069, 78.114, 108.096], abs=1e-3)
    assert all(math.isnan(found[name](batch())[3]) for name in found)
    assert found["logp"](batch())[1].item() == pytest.approx(1.6866)
    alerts, pains = found["alerts"](batch()), found["alerts_pains"](batch())
    assert alerts[:2].tolist() == [0, 0]
    assert alerts[2] > pains[2] >= 1


@pytest.mark.parametrize(
    ("name", "near"), [("MolWeight", "'MolWt'"), ("alerts_pain", "'alerts_pains'")]
)
def test_an_unknown_number_is_named(name: str, near: str) -> None:
    with pytest.raises(UserError, match=f"unknown number '{name}': did you mean {near}"):
        DOMAIN.numbers([name])


@pytest.mark.parametrize("critic", [0, 4])
def test_calls_are_inside_the_fence(molecule_prior: Path, tmp_path: Path, critic: int) -> None:
    tune = {
        "steps": 40,
        "batch": 8,
        "collect": 8,
        "collect_every": 1,
        "replay": {"capacity": 16},
        "fence": {"ranges": {"HeavyAtomCount": [3, 5]}, "log_p_percentile": 20, "samples": 200},
        "exploration": {"regrow": 0.25, "breed": 0.25},
        **({"critic": {"candidates": critic, "children": 8}} if critic else {}),
    }
    found = benchmark(
        "pmo",
        tmp_path,
        tasks=["median1"],
        seeds=1,
        calls=20,
        prior=molecule_prior,
        threads=1,
        quiet=True,
        overrides={"tune": tune},
    )
    lines = (tmp_path / "median1" / "seed_0" / CALLS_FILE).read_text().splitlines()
    sizes = [Chem.MolFromSmiles(line.split("\t")[0]).GetNumHeavyAtoms() for line in lines]
    assert found.runs[0]["calls"] == len(sizes) > 5
    assert set(sizes) <= {3, 4, 5}
    assert torch.tensor(sizes).unique().numel() > 1


def test_a_run_finds_molecules_inside_alone(molecule_prior: Path, tmp_path: Path) -> None:
    settings = {
        "tune": {
            "steps": 6,
            "batch": 8,
            "collect": 16,
            "collect_every": 2,
            "evaluate_every": 3,
            "evaluate_samples": 16,
            "fence": {"ranges": {"HeavyAtomCount": [3, 5]}},
        },
        "reward": {"workers": 0},
    }
    out = tmp_path / "run"
    tune("molecule", out, prior=molecule_prior, overrides=settings, threads=1, quiet=True)
    with (out / "found.csv").open(encoding="utf-8", newline="") as file:
        found = [row["canonical"] for row in csv.DictReader(file)]
    sizes = {Chem.MolFromSmiles(smiles).GetNumHeavyAtoms() for smiles in found}
    assert sizes == {3, 4, 5}
    last = json.loads((out / "training.jsonl").read_text().splitlines()[-1])
    assert last["reported"]["outside_HeavyAtomCount"] > 0
    assert -1 < last["reward_terms"]["outside"] < 0
    assert {"logp", "qed"} <= last["reward_terms"].keys()
