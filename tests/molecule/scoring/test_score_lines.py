from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import QED, rdMolDescriptors
from rdkit.Contrib.SA_Score import sascorer

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring import score_lines as module
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.score_lines import score_line_row, score_lines
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.user_terms import load_user_terms

LINES = [
    "OC(=O)c1ccccc1OC(C)=O",  # aspirin
    "",
    "CN(CC(=O)O)C(=N)N creatine",
    "C1CC",
    "# no molecule",
    "C1CCCCCCCCCCC1\t12 atoms",
    "N",
    "OCC\r",
    "C\0C",
    "CC\rCC",  # two lines: a lone carriage return ends one, too
    "C" * 100_000,
]


def reward(rules: Path | None = None, **tables: object) -> MoleculeReward:
    settings = MoleculeRewardSettings.model_validate({"workers": 0, **tables})
    return settings.build(Vocabulary.broad(), None, load_user_terms(rules) if rules else ())


def file(folder: Path, *lines: str) -> Path:
    path = folder / "mine.smi"
    path.write_bytes("\n".join(lines).encode())
    return path


def test_a_record_a_line_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)
    found = list(score_lines(reward(), [file(tmp_path, *LINES)], "atoms"))
    written = [line.split()[0] if line else "" for line in LINES]
    written[-2:-1] = ["CC", "CC"]
    assert [record["smiles"] for record in found] == written
    assert [record["valid"] for record in found] == [
        *(True, False, True, False, False, True, True, True, False, True, True, False),
    ]
    for record in found:
        record.pop("name", None)
        assert list(record) == ["smiles", "valid", "canonical", "terms", "scores", "total"]
        assert set(record["scores"]) == {"logp"}  # which the default clips
        assert set(record["terms"]) == {"valid", "qed", "logp", "sa", "ring"}
        if not record["valid"]:
            assert record["canonical"] is None
            assert {*record["terms"].values(), *record["scores"].values()} == {None}
            assert record["total"] == 0
            continue
        mol = Chem.MolFromSmiles(record["smiles"])
        assert record["canonical"] == Chem.MolToSmiles(mol)
        assert record["terms"]["qed"] == pytest.approx(QED.qed(mol))
        logp = rdMolDescriptors.CalcCrippenDescriptors(mol)[0]
        assert record["terms"]["logp"] == pytest.approx(logp)
        assert record["terms"]["sa"] == pytest.approx(-sascorer.calculateScore(mol))
    assert [found[place]["terms"]["ring"] for place in (0, 5)] == [0, -6]
    assert all("-0.0," not in json.dumps(record, allow_nan=False) for record in found)


def test_terms_of_settings_and_of_a_user_have_raw_values(tmp_path: Path) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text("def carbons(smiles):\n    return [text.count('C') for text in smiles]\n")
    clip = {"kind": "clip", "low": 0, "high": 1}
    asked = reward(rules, weights={"TPSA": 0.1}, terms={"TPSA": {"transform": clip}})
    (ethanol,) = score_lines(asked, [file(tmp_path, "OCC")], "atoms")
    assert ethanol["terms"] == {"TPSA": pytest.approx(20.23), "carbons": 2}
    assert ethanol["scores"] == {"TPSA": 1}
    assert ethanol["total"] == pytest.approx(0.1 * 1 + 2)


def test_the_total_is_what_tuning_pays(tmp_path: Path) -> None:
    asked = reward(weights={"qed": 3.0, "sa": 0.5}, aggregation="arithmetic", invalid=-2.0)
    aspirin, blank = score_lines(asked, [file(tmp_path, LINES[0], "", "")], "atoms")
    terms = aspirin["terms"]
    assert aspirin["total"] == pytest.approx((3 * terms["qed"] + 0.5 * terms["sa"]) / 3.5)
    assert aspirin["scores"] == {}
    assert blank["total"] == -2


@pytest.mark.long
def test_workers_give_the_same(tmp_path: Path) -> None:
    path = file(tmp_path, *LINES[:8])
    alone = list(score_lines(reward(), [path], "atoms"))
    assert list(score_lines(reward(workers=1), [path], "atoms")) == alone


def test_a_row_of_the_table(tmp_path: Path) -> None:
    record = {
        "smiles": "C" * 100,
        "valid": False,
        "canonical": None,
        "terms": {"qed": None},
        "scores": {"qed": None},
        "total": 0.0,
    }
    assert score_line_row(record) == {
        "smiles": "C" * 60 + "...",
        "valid": "no",
        "qed": "",
        "qed_score": "",
        "total": "0",
    }
    (methane,) = score_lines(reward(), [file(tmp_path, "C")], "atoms")
    assert score_line_row(methane)["logp"] == "0.636"
    assert list(score_line_row(methane))[-1] == "total"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        next(score_lines(reward(), [tmp_path / "none.smi"], "atoms"))
