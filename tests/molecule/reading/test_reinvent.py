"""Scores of a translated configuration against REINVENT's formulas, worked out here."""

import math
import tomllib
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import QED
from rdkit.Contrib.SA_Score import sascorer

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.reading.reinvent import translate
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.verbs.terms import import_terms

CONFIG = """
run_type = "scoring"

[scoring]
type = "geometric_mean"

[[scoring.component]]
[scoring.component.QED]
[[scoring.component.QED.endpoint]]
name = "QED"
weight = 3

[[scoring.component]]
[scoring.component.MolecularWeight]
[[scoring.component.MolecularWeight.endpoint]]
name = "Molecular weight"
weight = 1
transform.type = "sigmoid"
transform.high = 200.0
transform.low = 100.0
transform.k = 0.25

[[scoring.component]]
[scoring.component.SAScore]
[[scoring.component.SAScore.endpoint]]
name = "Easy to make"
weight = 4
transform.type = "reverse_sigmoid"
transform.high = 4.0
transform.low = 1.0
transform.k = 0.5

[[scoring.component]]
[scoring.component.custom_alerts]
[[scoring.component.custom_alerts.endpoint]]
name = "Unwanted"
weight = 0.79
params.smarts = ["[#8][#8]", "C#C"]

[[scoring.component]]
[scoring.component.MatchingSubstructure]
[[scoring.component.MatchingSubstructure.endpoint]]
name = "An acid"
params.smarts = "C(=O)[OX2H1]"
params.use_chirality = false

[[scoring.component]]
[scoring.component.TanimotoDistance]
[[scoring.component.TanimotoDistance.endpoint]]
name = "Like aspirin"
params.smiles = ["CC(=O)Oc1ccccc1C(=O)O"]
params.radius = 3
params.use_counts = true
params.use_features = true

[[scoring.component]]
[scoring.component.DockStream]
[[scoring.component.DockStream.endpoint]]
name = "Docking"
params.configuration_path = "dock.json"
"""


def total(reward: dict[str, object], smiles: str) -> float:
    settings = MoleculeRewardSettings.model_validate({**reward, "workers": 0})
    built = settings.build(Vocabulary.broad())
    return float(built.judge_smiles([smiles], [1]).total[0])


def reinvents(smiles: str) -> float:
    """The mean of the three scores with weights 3, 1 and 4, times filter and penalty."""
    molecule = Chem.MolFromSmiles(smiles)
    weight = 1 / (1 + 10 ** (-10 * 0.25 * (DESCRIPTORS["MolWt"](molecule) - 150) / 100))
    easy = 1 - 1 / (1 + 10 ** (-10 * 0.5 * (sascorer.calculateScore(molecule) - 2.5) / 3))
    mean = math.exp((3 * math.log(QED.qed(molecule)) + math.log(weight) + 4 * math.log(easy)) / 8)
    unwanted = any(
        molecule.HasSubstructMatch(Chem.MolFromSmarts(one)) for one in ("[#8][#8]", "C#C")
    )
    acid = molecule.HasSubstructMatch(Chem.MolFromSmarts("C(=O)[OX2H1]"))
    return (0.0 if unwanted else mean) * (1.0 if acid else 0.5)


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", "C#CCN(C)Cc1ccccc1"]
)
def test_a_geometric_mean_with_filters_and_penalties_scores_the_same(smiles: str) -> None:
    found = translate(tomllib.loads(CONFIG))
    assert total(found.reward, smiles) == pytest.approx(reinvents(smiles), abs=1e-9)
    assert [one.partition(" (")[0] for one in found.left_out] == ["Like aspirin", "Docking"]
    assert "without counts" in found.left_out[0]


def test_an_arithmetic_mean_leaves_filters_out() -> None:
    found = translate(tomllib.loads(CONFIG.replace("geometric_mean", "arithmetic_mean")))
    assert found.reward["weights"] == {"qed": 3, "molecular_weight": 1, "easy_to_make": 4}
    assert sum("a filter beside" in one for one in found.left_out) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "step", "low": 1, "high": 2}, {"kind": "window", "low": 1, "high": 2}),
        ({"type": "left_step", "low": 1}, {"kind": "step", "threshold": 1, "rising": False}),
        ({"type": "right_step", "high": 2}, {"kind": "step", "threshold": 2, "rising": True}),
        (
            {"type": "double_sigmoid", "low": 1, "high": 2, "coef_div": 500.0, "coef_si": 20.0}
            | {"coef_se": 50.0},
            {"kind": "two_sigmoids", "low": 1, "high": 2, "width": 25, "width_high": 10},
        ),
    ],
)
def test_transforms(given: dict[str, object], expected: dict[str, object]) -> None:
    endpoint = {"name": "x", "transform": given}
    tables = {"scoring": {"component": [{"TPSA": {"endpoint": [endpoint]}}]}}
    assert translate(tables).reward["terms"]["x"]["transform"] == expected


def test_of_several_stages_one_is_translated() -> None:
    def stage(name: str) -> dict[str, object]:
        return {"scoring": {"component": [{name: {"endpoint": [{"name": name}]}}]}}

    tables = {"stage": [stage("QED"), stage("TPSA")], "diversity_filter": {"type": "x"}}
    assert list(translate(tables).reward["terms"]) == ["qed"]
    assert list(translate(tables, 2).reward["terms"]) == ["tpsa"]
    assert translate(tables).left_out == [
        "diversity_filter: see reward.diversity, whose penalties are terms with weights",
        "stage 2: --stage translates another one",
    ]
    with pytest.raises(UserError, match="stage 3: expected 1 to 2"):
        translate(tables, 3)


@pytest.mark.parametrize("kind", ["geometric_mean", "arithmetic_mean"])
@pytest.mark.parametrize(
    ("weights", "said"), [((0.0, 0.0), "all weights are 0"), ((2.0, -1.0), "weight is -1")]
)
def test_weights_that_give_no_mean_are_refused(
    kind: str, weights: tuple[float, float], said: str
) -> None:
    endpoints = [{"name": f"x{weight}", "weight": weight} for weight in weights]
    tables = {"scoring": {"type": kind, "component": [{"QED": {"endpoint": endpoints}}]}}
    with pytest.raises(UserError, match=said):
        translate(tables)


def test_a_stage_of_a_configuration_without_stages_is_refused() -> None:
    tables = {"scoring": {"component": [{"QED": {"endpoint": [{"name": "QED"}]}}]}}
    with pytest.raises(UserError, match="stage 2: the configuration has no stages"):
        translate(tables, 2)


def test_every_other_table_is_named() -> None:
    stage = {
        "scoring": {"component": [{"QED": {"endpoint": [{"name": "QED"}]}}]},
        "max_score": 0.7,
        "termination": "simple",
    }
    tables = {
        "run_type": "staged_learning",
        "parameters": {"prior_file": "x.prior"},
        "learning_strategy": {"sigma": 128},
        "inception": {"smiles_file": "x.smi"},
        "mine": 3,
        "stage": [stage],
    }
    assert translate(tables).left_out == [
        "parameters: see --prior, --out and --seeds",
        "learning_strategy: see --algorithm and --c",
        "inception: see --seeds",
        "mine: no table of a reward",
        "stage.max_score: see until_reward of a stage",
        "stage.termination: see stages, such as their until_reward",
    ]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "no table scoring"),
        ({"scoring": 3}, "scoring is no table"),
        ({"scoring": {"type": "custom"}}, "expected geometric_mean"),
        ({"scoring": {"component": [3]}}, "not a list of components"),
        ({"scoring": {"filename": "other.toml"}}, "other.toml"),
        (
            {"scoring": {"component": [{"QED": {"endpoint": [{"name": "x", "weight": "y"}]}}]}},
            r"x \(QED\): could not convert",
        ),
        ({"scoring": {"component": [{"MMP": {"endpoint": [{}]}}]}}, "none of the scoring"),
    ],
)
def test_mistakes(tables: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        translate(tables)


def test_the_file_that_is_written_is_a_settings_file(tmp_path: Path) -> None:
    (tmp_path / "reinvent.toml").write_text(CONFIG, encoding="utf-8")
    left_out = import_terms(tmp_path / "reinvent.toml", tmp_path / "mine.toml")
    assert len(left_out) == 2
    written = tomllib.loads((tmp_path / "mine.toml").read_text("utf-8"))
    assert total(written["reward"], "CCO") == pytest.approx(reinvents("CCO"), abs=1e-9)
    (tmp_path / "none.toml").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"none\.toml: no table scoring"):
        import_terms(tmp_path / "none.toml", tmp_path / "other.toml")
    assert not (tmp_path / "other.toml").exists()
