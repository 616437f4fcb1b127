"""A program's answers are kept for terms, batches, rewards and runs; nothing is asked twice."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary

PROGRAM = """
import json, sys, time

for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    open(sys.argv[0] + ".log", "a").write(smiles + "\\n")
    if smiles.startswith("N"):
        sys.exit(3)
    if smiles.startswith("O"):
        time.sleep(100)
    print(json.dumps({"affinity": -float(len(smiles)), "strain": smiles.count("C"), "pose": "x"}))
"""


def settings(tmp_path: Path, **changes: Any) -> MoleculeRewardSettings:
    program = tmp_path / "dock.py"
    if not program.exists():
        program.write_text(PROGRAM)
    command = f"{sys.executable} {program}"
    common = {"kind": "program", "command": command, "timeout": 2.0}
    terms = {name: {**common, "number": name} for name in ("affinity", "strain")}
    tables = {"weights": {"affinity": -1.0, "strain": 1.0}, "terms": terms, "workers": 0}
    return MoleculeRewardSettings.model_validate({**tables, **changes})


def raw(reward: MoleculeReward, *smiles: str) -> list[list[float]]:
    found: list[list[float]] = reward.judge_smiles(list(smiles), [1] * len(smiles)).raw.tolist()
    return found


def asked(tmp_path: Path) -> list[str]:
    return (tmp_path / "dock.py.log").read_text().split()


def test_two_terms_share_one_program_and_each_molecule_is_asked_once(tmp_path: Path) -> None:
    reward = settings(tmp_path).build(Vocabulary.broad())
    assert raw(reward, "CCO", "OCC", "CC") == [[-3, 1 + 1], [-3, 2], [-2, 2]]
    assert raw(reward, "CC") == [[-2, 2]]
    assert asked(tmp_path) == ["CCO", "CC"]
    reward.close()


@pytest.mark.long
def test_a_store_serves_other_rewards_and_keeps_what_was_lost(tmp_path: Path) -> None:
    given = settings(tmp_path, store=str(tmp_path / "scores"))
    reward = given.build(Vocabulary.broad())
    judged = reward.judge_smiles(["CC", "N", "O", "NN", "C("], [1] * 5)
    assert judged.raw[0].tolist() == [-2, 2]
    assert all(map(math.isnan, judged.raw[1:].flatten()))
    assert judged.lost == (3, 1, 2, 0)  # without a number, of these late and dead
    reward.close()
    before = asked(tmp_path)

    other = given.build(Vocabulary.broad())
    again = other.judge_smiles(["CC", "N", "O", "NN", "C("], [1] * 5)
    assert again.raw.tolist()[0] == judged.raw.tolist()[0]
    assert again.lost == judged.lost
    assert asked(tmp_path) == before
    terms = {name: {**term.model_dump(), "timeout": 3.0} for name, term in given.terms.items()}
    patient = settings(tmp_path, store=given.store, terms=terms).build(Vocabulary.broad())
    raw(patient, "CCC", "O")
    assert asked(tmp_path)[len(before) :] == ["CCC", "O", "O"]  # it might have answered now
    patient.close()


def test_a_changed_program_is_another_scorer(tmp_path: Path) -> None:
    given = settings(tmp_path, store=str(tmp_path / "scores"))
    reward = given.build(Vocabulary.broad())
    raw(reward, "CC")
    reward.close()
    path = tmp_path / "dock.py"
    path.write_text(path.read_text().replace("-float", "float"))
    changed = given.build(Vocabulary.broad())
    assert raw(changed, "CC") == [[2, 2]]
    changed.close()


def test_what_was_asked_before_there_was_a_folder_is_kept_there(tmp_path: Path) -> None:
    given = settings(tmp_path)
    reward = given.build(Vocabulary.broad())
    raw(reward, "CC")
    reward.keep_scores(tmp_path / "run" / "scores")
    raw(reward, "CCC")
    reward.close()
    other = given.build(Vocabulary.broad())
    other.keep_scores(tmp_path / "run" / "scores")
    assert raw(other, "CC", "CCC") == [[-2, 2], [-3, 3]]
    assert asked(tmp_path) == ["CC", "CCC"]


def test_records_without_the_new_settings_are_those_of_before(tmp_path: Path) -> None:
    dumped = settings(tmp_path).model_dump(mode="json")
    assert "store" not in dumped
    assert "processes" not in dumped["terms"]["affinity"]
    assert MoleculeRewardSettings.model_validate(dumped) == settings(tmp_path)
    own = settings(tmp_path, store="scores").model_dump(mode="json")
    assert own["store"] == str(Path("scores").absolute())


@pytest.mark.parametrize("name", ["expensive", "plain"])
def test_functions_are_kept_where_they_are_expensive(tmp_path: Path, name: str) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text("def size(smiles):\n    return [len(one) for one in smiles]\n")
    from sequence_tutor.reward.user_terms import load_user_terms

    table = {"kind": "function", "expensive": name == "expensive"}
    store = tmp_path / "scores"
    given = MoleculeRewardSettings.model_validate(
        {"terms": {"size": table}, "workers": 0, "store": str(store)}
    )
    reward = given.build(Vocabulary.broad(), user_terms=load_user_terms(rules))
    assert raw(reward, "CCO") == [[3]]
    reward.close()
    assert store.exists() == (name == "expensive")
