"""Statistics of the terms that a reward is made of, whatever they are joined by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

from sequence_tutor.config.presets import build
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.terms import weighted_parts
from sequence_tutor.reporting.comparison import compare
from sequence_tutor.reporting.saved_table import SavedTable

TABLES = {
    "aggregation": "geometric",
    "workers": 0,
    "weights": {"qed": 1.0, "TPSA": 1.0, "small": 1.0, "no_oxygen": 1.0},
    "terms": {
        "TPSA": {"transform": {"kind": "window", "low": 10, "high": 60}},
        "small": {
            "kind": "descriptor",
            "descriptor": "MolWt",
            "transform": {"kind": "reverse_sigmoid", "low": 50, "high": 200},
        },
        "no_oxygen": {"kind": "substructure", "smarts": ["O"], "present": False},
    },
}


def test_a_mean_has_a_row_for_each_of_its_terms(molecule_prior: Path) -> None:
    model = load_model(molecule_prior)
    settings = build(model.domain.reward_settings, TABLES, "test")
    model = replace(model, reward_settings=settings)
    evaluation = evaluate([model], 100)
    (column,) = evaluation.columns
    own = [
        "mean_qed",
        "mean_TPSA",
        "mean_TPSA_score",
        "mean_small",
        "mean_small_score",
        "mean_no_oxygen",
    ]
    assert list(column.statistics)[:6] == own
    assert 0 < column.statistics["mean_TPSA_score"].value < 1
    assert column.statistics["mean_small"].value > 12
    found = SavedTable.model_validate(evaluation.to_json())
    aims = {row.label: row.aim for row in compare(found, model.domain).rows}
    assert aims["mean TPSA"] == ""  # a window has no better side
    assert aims["mean TPSA score"] == "higher"
    assert aims["mean small"] == "lower"
    assert aims["mean small score"] == aims["mean no oxygen"] == aims["mean qed"] == "higher"
    assert aims["mean logp"] == aims["mean sa penalty"] == ""  # nobody asked for them
    model.reward.close()  # type: ignore[attr-defined]  # it is the molecules' own


def test_parts_are_multiplied_with_their_ends() -> None:
    parts = weighted_parts({"reward_a": Estimate(1.0, 0.5, 2.0)}, ["a"], [-2.0])
    assert parts == {"reward_a": Estimate(-2.0, -4.0, -1.0)}
