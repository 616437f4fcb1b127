"""Gates: which molecules an expensive term is asked for, and what the others are paid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.sequences import SequenceBatch

RULES = """
from pathlib import Path

def dock(smiles):
    with open(Path(__file__).with_suffix(".log"), "a") as log:
        log.writelines(f"{one}\\n" for one in smiles)
    return [float(len(one)) for one in smiles]
"""
WINDOW = {"kind": "window", "low": 40.0, "high": 90.0}
CLIP = {"kind": "clip", "low": 0.0, "high": 10.0}


def reward(folder: Path, **changes: Any) -> MoleculeReward:
    rules = folder / "dock.py"
    rules.write_text(RULES)
    terms = {
        "MolWt": {"transform": WINDOW, "gate": 1.0},
        "dock": {"kind": "function", "transform": CLIP},
    }
    tables: dict[str, Any] = {"weights": {"MolWt": 1.0, "dock": 1.0}, "terms": terms, "workers": 0}
    settings = MoleculeRewardSettings.model_validate({**tables, **changes})
    return settings.build(Vocabulary.broad(), user_terms=load_user_terms(rules))


def judged(given: MoleculeReward, *smiles: str) -> Any:
    return given.judge_smiles(list(smiles), [1] * len(smiles))


def asked(folder: Path) -> list[str]:
    log = folder / "dock.log"
    return log.read_text().split() if log.exists() else []


def test_what_a_gate_stops_is_not_asked_for_and_counts_nothing(tmp_path: Path) -> None:
    # ethanol has 46 u, methane 16, benzene 78, C( is none
    found = judged(reward(tmp_path), "CCO", "C", "c1ccccc1", "C(")
    assert asked(tmp_path) == ["CCO", "c1ccccc1"]
    assert found.raw[:, 1].tolist()[:3:2] == [3, 8]
    assert math.isnan(found.raw[1, 1])
    assert found.scores[:3].tolist() == [[1, 3], [0, 0], [1, 8]]
    assert found.scored.tolist() == [True, True, True, False]
    assert found.total.tolist() == [4, 0, 9, 0]
    assert found.lost == (0, 0, 0, 0)  # no number is missing by mistake


def test_a_geometric_mean_is_0_behind_a_shut_gate(tmp_path: Path) -> None:
    found = judged(reward(tmp_path, aggregation="geometric"), "CCO", "C")
    assert found.total.tolist() == pytest.approx([math.sqrt(3), 0])


def test_several_gates_and_one_that_is_paid_nothing(tmp_path: Path) -> None:
    terms = {
        "MolWt": {"transform": WINDOW, "gate": 1.0},
        "ring": {"gate": 0.0},
        "dock": {"kind": "function", "transform": CLIP},
    }
    weights = {"MolWt": 0.0, "ring": 0.0, "dock": 2.0}
    given = reward(tmp_path, terms=terms, weights=weights)
    found = judged(given, "CCO", "C", "C1CCCCCC1")  # cycloheptane: too heavy, too large a ring
    assert asked(tmp_path) == ["CCO"]
    assert found.total.tolist() == [6, 0, 0]


def test_preparing_asks_for_the_same(tmp_path: Path) -> None:
    given = reward(tmp_path)
    vocabulary = Vocabulary.broad()
    batch = SequenceBatch.from_lists([vocabulary.encode(one) for one in ("CCO", "C")])
    given.prepare(batch)
    assert asked(tmp_path) == ["CCO"]
    given(batch)
    assert asked(tmp_path) == ["CCO"]


def test_a_term_left_out_by_a_stage_is_not_counted(tmp_path: Path) -> None:
    given = reward(tmp_path)
    given.leave_out(["dock"])
    found = judged(given, "CCO", "C")
    assert asked(tmp_path) == []
    assert found.scored.tolist() == [True, True]
    assert math.isnan(found.scores[0, 1])
    assert found.total.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"terms": {"dock": {"kind": "function"}, "qed": {"gate": 0.5}}}, "'dock' counts 0"),
        (
            {
                "terms": {"dock": {"kind": "function", "transform": CLIP}, "qed": {"gate": 0.5}},
                "weights": {"dock": -1.0},
            },
            "a weight of 0 or more",
        ),
        (
            {
                "terms": {
                    "dock": {"kind": "function", "transform": CLIP},
                    "short": {"gate": 0.0, "limit": 3},
                },
            },
            "'short' has a gate, expected one only for terms of the molecule",
        ),
    ],
)
def test_gates_that_would_be_worth_something_are_refused(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        reward(tmp_path, **{"weights": {"dock": 1.0}, **changes})


def test_a_gate_before_nothing_is_refused() -> None:
    settings = MoleculeRewardSettings.model_validate({"terms": {"qed": {"gate": 0.5}}})
    with pytest.raises(UserError, match="'qed' has a gate, but there is no program"):
        settings.build(Vocabulary.broad())
    with pytest.raises(ValidationError):
        MoleculeRewardSettings.model_validate({"terms": {"qed": {"gate": "high"}}})


def test_records_without_gates_are_those_of_before() -> None:
    settings = MoleculeRewardSettings.model_validate({"weights": {"qed": 1}, "terms": {"qed": {}}})
    assert "gate" not in settings.model_dump()["terms"]["qed"]
