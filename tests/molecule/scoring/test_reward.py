from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.config.presets import build, preset_names, read_preset
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.named_terms import KINDS, READY
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.user_terms import load_user_terms

VOCABULARY = Vocabulary.broad()
CARD = {"shortest": 10, "longest_carbon_run": 8, "carbon_run_quantiles": {"0.99": 4}}


def settings(**tables: object) -> MoleculeRewardSettings:
    return build(MoleculeRewardSettings, {"workers": 0, **tables}, "mine.toml")


def test_a_weight_is_enough_for_a_ready_term_and_for_a_descriptor() -> None:
    reward = settings(weights={"qed": 1.0, "TPSA": 0.01, "sa": 0.0}).build(VOCABULARY)
    assert reward.names == ("qed", "TPSA")
    assert reward.weights.tolist() == [1.0, 0.01]
    assert {"qed", "short"} <= set(READY) < set(KINDS)
    assert "similarity" not in READY


def test_workers_are_counted_where_the_system_does_not_tell_cores_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("os.sched_getaffinity", raising=False)  # as on a Mac
    monkeypatch.setattr("sequence_tutor.molecule.scoring.reward.MOST_WORKERS", 1)
    settings(workers="auto", weights={"qed": 1.0}).build(VOCABULARY).close()


def test_a_table_is_on_unless_its_weight_is_zero() -> None:
    like = {"kind": "similarity", "smiles": "CCO", "weight": 2.0}
    assert settings(terms={"like": like}).build(VOCABULARY).weights.tolist() == [2]
    both = settings(terms={"like": like, "qed": {}}, weights={"like": 0.0})
    assert both.build(VOCABULARY).names == ("qed",)


def test_settings_come_back_from_a_run_folder_as_they_were() -> None:
    given = settings(
        weights={"qed": 1.0},
        terms={
            "logp": {"transform": {"kind": "double_sigmoid", "low": 1, "high": 3, "width": 0.5}},
            "like": {"kind": "similarity", "smiles": ["CCO", "CCN"], "over": "mean"},
            "TPSA": {"weight": 0.5},
            "mine": {"kind": "function"},
        },
        diversity={"scaffold": 0.5, "bucket": 3},
        aggregation="geometric",
        invalid=-1.0,
    )
    assert build(MoleculeRewardSettings, given.model_dump(mode="json"), "run") == given


def test_the_default_is_that_of_the_preset() -> None:
    assert "default" in preset_names("tune", "molecule")
    tables = read_preset("tune", "molecule", "default")["reward"]
    assert build(MoleculeRewardSettings, tables, "preset") == MoleculeRewardSettings()


def test_the_terms_of_the_paper_take_their_limits_from_the_card() -> None:
    tables = read_preset("tune", "molecule", "paper")["reward"]
    reward = settings(**tables).build(VOCABULARY, CARD)
    assert set(reward.names) == {"valid", "logp", "sa", "qed", "ring", "short", "carbon_run"}
    with pytest.raises(UserError, match="term 'short' has no limit"):
        settings(**tables).build(VOCABULARY)


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"weight": {}}, "unknown name 'weight': did you mean 'weights'?"),
        ({"weights": {"qed": "x"}}, "weights.qed is 'x', expected a number"),
        ({"aggregation": "mean"}, "aggregation is 'mean', expected 'sum'"),
        ({"terms": {"mine": {}}}, "term 'mine' has no kind, expected one of valid, logp"),
        ({"terms": {"a": {"kind": "qde"}}}, "term 'a' has the unknown kind 'qde': did you mean"),
        ({"terms": {"a": {"kind": ["qed"]}}}, "term 'a' has the unknown kind ['qed']"),
        ({"terms": {"qed": {"transform": {"kind": "sigmod"}}}}, "did you mean 'sigmoid'?"),
        ({"terms": {"similarity": {}}}, "terms.similarity.smiles is not given, but must be"),
        ({"terms": {"similarity": {"smiles": "C("}}}, "smiles 'C(' is no valid molecule"),
        ({"terms": {"substructure": {"smarts": "["}}}, "'[' cannot be read as SMARTS"),
        ({"terms": {"isomer": {"formula": "x"}}}, "'x' is no molecular formula"),
        ({"diversity": {"bucket": 0}}, "diversity.bucket is 0, expected a number greater"),
        ({"limits": {"atoms": 3}}, "limits: unknown name 'atoms'"),
        ({"workers": -1}, "workers is -1, expected a number greater than or equal to 0 or 'auto'"),
    ],
)
def test_wrong_tables_are_answered_in_a_sentence(tables: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        settings(**tables)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"weights": {"qde": 1.0}}, "weight for unknown term 'qde': did you mean 'qed'"),
        ({"weights": {"similarity": 1.0}}, r"needs more than a weight.*reward\.terms\.similarity"),
        ({"weights": {"qed": 0.0}}, "every term has weight 0"),
        ({"terms": {"invalid": {"kind": "qed"}}}, "name that means something else"),
        ({"terms": {"total": {"kind": "qed"}}}, "name that means something else"),
        ({"terms": {"qed_score": {"kind": "qed"}}, "weights": {"qed": 1.0}}, "another name for"),
        ({"terms": {"mine": {"kind": "function"}}}, r"expected --rules FILE\.py"),
    ],
)
def test_what_cannot_be_built_is_answered(tables: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        settings(**tables).build(VOCABULARY)


def test_a_users_function_must_have_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def qed(smiles):\n    return [1.0] * len(smiles)\n")
    with pytest.raises(UserError, match=r"'qed' of .*mine\.py has the name of a term"):
        settings().build(VOCABULARY, CARD, load_user_terms(path))
