from __future__ import annotations

import base64
import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from sequence_tutor.config.presets import build
from sequence_tutor.domain import find_domain
from sequence_tutor.drawing.fragments import fragment
from sequence_tutor.evaluation.model import Model
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.molecule import MoleculeDomain
from sequence_tutor.molecule.exhibit import ScoredMolecule, molecule_grids, table
from sequence_tutor.molecule.histograms import histogram
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.sequences import SequenceBatch

DOMAIN = MoleculeDomain()


def model(name: str) -> Model:
    """Scores molecules by their QED; nothing is sampled from it."""
    torch.manual_seed(0)
    size = DOMAIN.vocab_size
    prior = NeuralPrior(RecurrentNetwork(RecurrentSettings(width=4), size, size))
    reward = build(
        DOMAIN.reward_settings, {"weights": {"valid": 1.0, "qed": 2.0}, "workers": 0}, "test"
    )
    return Model(name, find_domain("molecule"), prior, StoredPrior(prior, "molecule"), reward, 40)


def batch(*smiles: str) -> SequenceBatch:
    return SequenceBatch.from_lists([DOMAIN.vocabulary.encode(one) for one in smiles])


def test_grids_show_the_best_first_and_each_molecule_once() -> None:
    before, after = model("prior"), replace(model("psi"))
    sampled = batch("CCO", "OCC", "c1ccccc1O", "C(", "CC(=O)Oc1ccccc1C(=O)O")
    (grid, other), charts = molecule_grids([before, after], [sampled, batch("C(")])
    assert (grid.model, grid.sampled, grid.valid) == ("prior", 5, 3)
    assert (other.model, other.valid, other.best) == ("psi", 0, [])
    assert {one.smiles for one in grid.best} == {"CCO", "Oc1ccccc1", "CC(=O)Oc1ccccc1C(=O)O"}
    totals = [float(one.total) for one in grid.best]
    assert totals == sorted(totals, reverse=True)
    assert {one.smiles for one in grid.chance} == {one.smiles for one in grid.best}
    assert [chart.x_label for chart in charts] == ["logP", "QED", "minus the SA score"]
    picture = base64.b64decode(grid.best[0].picture.partition(",")[2])
    assert picture.lstrip().startswith(b"<?xml")
    assert b"</svg>" in picture


def test_the_table_has_every_molecule_with_its_reward() -> None:
    (grid,), _ = molecule_grids([model("psi")], [batch("CCO", "c1ccccc1O")])
    text = base64.b64decode(grid.csv.partition(",")[2]).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["smiles"] for row in rows] == ["CCO", "Oc1ccccc1"]
    for row in rows:
        assert float(row["total"]) == pytest.approx(1 + 2 * float(row["qed"]))
        assert float(row["paid_for_valid"]) == 1


def test_a_term_without_a_number_is_an_empty_cell() -> None:
    assert table([ScoredMolecule("C", 1.0, {"qed": math.nan})]) == "smiles,total,qed\nC,1.0,\n"
    assert table([]) == "smiles,total\n"


def test_a_histogram_is_the_outline_of_its_bars() -> None:
    found = histogram("psi", 1, [0.5, 0.6, 1.5, math.nan], [0.0, 1.0, 2.0])
    assert found.x == [0, 0, 1, 1, 2, 2]
    assert found.y == pytest.approx([0, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 0])
    assert np.all(np.diff(found.x) >= 0)


def test_the_rewards_own_terms_come_first_in_cards_charts_and_tables() -> None:
    tables = {
        "aggregation": "geometric",
        "weights": {"TPSA": 1.0, "drug": 1.0},
        "terms": {
            "TPSA": {"transform": {"kind": "window", "low": 10, "high": 90}},
            "drug": {"kind": "qed"},
        },
        "workers": 0,
    }
    own = replace(model("psi"), reward_settings=build(DOMAIN.reward_settings, tables, "test"))
    (grid,), charts = molecule_grids([own], [batch("CCCCCCCC", "CC(=O)Oc1ccccc1C(=O)O")])
    assert grid.best[0].smiles == "CC(=O)Oc1ccccc1C(=O)O"  # octane has no polar surface
    assert [name for name, _ in grid.best[0].terms][:2] == ["TPSA", "drug"]
    assert [chart.x_label for chart in charts][:3] == ["TPSA", "drug", "logP"]
    text = base64.b64decode(grid.csv.partition(",")[2]).decode()
    row = next(csv.DictReader(io.StringIO(text)))
    assert list(row)[:5] == ["smiles", "total", "TPSA", "TPSA_score", "drug"]
    assert float(row["paid_for_score"]) == float(row["total"])


def test_parts_in_the_table_add_up_to_the_total() -> None:
    (grid,), _ = molecule_grids([model("psi")], [batch("CCO")])
    text = base64.b64decode(grid.csv.partition(",")[2]).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    parts = [float(value) for name, value in row.items() if name.startswith("paid_for_")]
    assert sum(parts) == pytest.approx(float(row["total"]))


def test_the_front_the_best_of_each_term_and_marks() -> None:
    tables = {
        "weights": {"qed": 1.0, "logp": -1.0, "ring_of_benzene": 1.0},
        "terms": {"ring_of_benzene": {"kind": "substructure", "smarts": "c1ccccc1"}},
        "workers": 0,
    }
    own = replace(model("psi"), reward_settings=build(DOMAIN.reward_settings, tables, "test"))
    (grid,), _ = molecule_grids([own], [batch("CCCCCCCC", "CCO", "CC(=O)Oc1ccccc1C(=O)O")])
    assert list(grid.by_term) == ["qed", "logp", "ring_of_benzene"]
    assert grid.by_term["logp"][0].smiles == "CCO"  # a lower one is paid more
    assert grid.by_term["qed"][0].smiles == "CC(=O)Oc1ccccc1C(=O)O"
    fronts = {one.smiles: one.is_on_front for one in grid.best}
    assert fronts == {"CCCCCCCC": False, "CCO": True, "CC(=O)Oc1ccccc1C(=O)O": True}
    assert grid.on_front == 2
    marked = {one.smiles: tuple(one.found) for one in grid.best}
    assert marked["CC(=O)Oc1ccccc1C(=O)O"] == ("ring_of_benzene",)
    assert marked["CCO"] == ()
    text = base64.b64decode(grid.csv.partition(",")[2]).decode()
    assert [row["front"] for row in csv.DictReader(io.StringIO(text))] == ["0.0", "1.0", "1.0"]
    html = fragment("sequence_tutor.molecule", "display.html", shown=grid)
    assert "on the first front" in html
    assert "marked: ring_of_benzene" in html
