"""Samples of molecules say what they are worth by the run's own reward."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
from rdkit import Chem

from sequence_tutor.config.presets import build
from sequence_tutor.domain import find_domain
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.own_rules import UserRules
from sequence_tutor.molecule.writing import output
from sequence_tutor.molecule.writing.output import legend
from sequence_tutor.verbs.sample import sample

TABLES = {
    "aggregation": "arithmetic",
    "weights": {"TPSA": 2.0, "drug": 1.0, "no_oxygen": 1.0},
    "terms": {
        "TPSA": {"transform": {"kind": "window", "low": 10, "high": 60}},
        "drug": {"kind": "qed"},
        "no_oxygen": {"kind": "substructure", "smarts": ["O"], "present": False},
    },
}


@pytest.fixture
def model(molecule_prior: Path) -> Model:
    found = load_model(molecule_prior)
    settings = build(find_domain("molecule").reward_settings, TABLES, "test")
    return replace(found, reward_settings=settings)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "molecules.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_term_of_the_reward_is_a_column_and_the_total_ranks(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, list[float]] = {}
    monkeypatch.setattr(
        output,
        "picture_rows",
        lambda rows, path: drawn.update({path.name: [row.terms["total"] for row in rows]}),
    )
    sample(model, 30, tmp_path / "out", quiet=True)
    found = rows(tmp_path / "out")
    own = ["total", "TPSA", "TPSA_score", "drug", "no_oxygen"]
    assert list(found[0]) == ["smiles", "canonical", *own, "logp", "qed", "sa", "ring", "front"]
    valid = [row for row in found if row["canonical"]]
    assert len(valid) > 5
    for row in valid:
        parts = 2 * float(row["TPSA_score"]) + float(row["drug"]) + float(row["no_oxygen"])
        assert float(row["total"]) == pytest.approx(parts / 4)
        assert row["drug"] == row["qed"]
    mols = list(Chem.SDMolSupplier(str(tmp_path / "out" / "molecules.sdf")))
    assert mols[0].GetDoubleProp("total") == float(valid[0]["total"])
    assert mols[0].HasProp("TPSA_score")
    totals = {row["canonical"]: float(row["total"]) for row in valid}
    assert drawn["best"] == sorted(totals.values(), reverse=True)[:20]


def test_a_reward_whose_rules_are_gone_costs_its_columns_alone(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = replace(model, rules=UserRules(tmp_path / "gone.py", "0" * 64, tmp_path / "run"))
    sample(lost, 5, tmp_path / "out")
    assert list(rows(tmp_path / "out")[0])[2:] == ["logp", "qed", "sa", "ring"]
    said = capsys.readouterr().err
    assert "gone.py: the rules" in said
    assert "files are written without the terms of the reward" in said


def test_a_legend_has_the_terms_before_their_scores() -> None:
    terms = {"total": 0.5, "TPSA": 60.0, "TPSA_score": 0.9, "qed": 0.7, "my_score": 3.0}
    assert legend(terms) == "total 0.5  TPSA 60  qed 0.7\nmy_score 3"
