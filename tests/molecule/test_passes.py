"""One pass over a batch serves reward, explanation, table of what is found, and statistics."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from rdkit import Chem

from sequence_tutor.domain.gathering import Collected
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.molecule.chemistry import _known
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.molecule.writing.found import FoundMolecules
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary.broad()
SMILES = ["CCO", "OCC", "c1ccccc1O", "C1CC", "CC(=O)Oc1ccccc1C(=O)O"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each string is parsed, and as `judged` how often a batch is."""
    counts: Counter[str] = Counter()
    parse, judge = Chem.MolFromSmiles, MoleculeReward.judge_smiles

    def parsing(smiles: str) -> Chem.Mol:
        counts[smiles] += 1
        return parse(smiles)

    def judging(reward: MoleculeReward, smiles: list[str | None], tokens: list[int]) -> object:
        counts["judged"] += 1
        return judge(reward, smiles, tokens)

    monkeypatch.setattr(Chem, "MolFromSmiles", parsing)
    monkeypatch.setattr(MoleculeReward, "judge_smiles", judging)
    _known.cache_clear()  # what earlier tests parsed
    return counts


def test_what_is_collected_is_judged_once(tmp_path: Path, counted: Counter[str]) -> None:
    settings = MoleculeRewardSettings.model_validate(
        {"workers": 0, "weights": {"qed": 1.0}, "diversity": {"repeat": 1.0, "similar": 1.0}}
    )
    reward = settings.build(VOCABULARY)
    batch = SequenceBatch.from_lists([VOCABULARY.encode(smiles) for smiles in SMILES])
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False)
    terms = reward(batch)
    reward.explain(batch)
    found.gather(Collected(0, batch, terms, torch.zeros(5), torch.zeros(5)))
    reward.remember(batch)
    seen = Counter(counted)
    found.close()
    assert seen.pop("judged") == 1
    assert seen == Counter([*SMILES, "Oc1ccccc1"])  # phenol alone is not written canonically
    counted.clear()
    # once it is remembered, the same molecules are worth less
    assert reward(batch)[0].sum() < terms[0].sum()
    assert counted["judged"] == 1


def test_an_evaluation_parses_each_string_once(counted: Counter[str]) -> None:
    model = scored_here(load_model("molecule"))
    counted.clear()
    evaluate([model], samples=200, particles=0)
    assert counted.pop("judged") == 1
    assert set(counted.values()) == {1}
    assert len(counted) <= 2 * 200  # each as it was written and by its canonical SMILES
