"""Rows of molecules: Table 2 as the accumulators of before gave it, and hand-worked ones."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from sequence_tutor.config.aims import parse_aims, split_aim
from sequence_tutor.domain.rows import SHARE
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_of, fingerprint, molecule_hash, tanimoto
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.rows import MoleculeRows
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.statistics import LikenessToMolecules, MoleculeStatistics, Reference
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

TABLE = json.loads((Path(__file__).parent / "table_rows.json").read_text(encoding="utf-8"))
"""Values and intervals that the accumulators of before gave for `written`."""

ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"


def written() -> list[str | None]:
    heads = ("C", "O", "N", "Cl", "c1ccccc1", "C1CCCCCC1", "[O-]", "[CH2]")
    middles = ("C", "C(=O)", "CC", "C(C)", "C(=O)N", "CO", "S(=O)", "C1CC")
    tails = ("C", "N", "F", "c1ccncc1", "C(=O)O", "C#N", "[N+](C)(C)C.[Cl-]")
    return [*(f"{head}{mid}{tail}" for head in heads for mid in middles for tail in tails), None]


def test_the_rows_of_the_table_are_what_they_were() -> None:
    smiles = written()
    names = (canonical_of(one) for one in smiles[::5] if one is not None)
    known = sorted({molecule_hash(name) for name in names if name is not None})
    reference = Reference.of_smiles([one for one in smiles[::7] if one is not None])
    with Scorer(MoleculeRows.terms()) as scorer:
        statistics = MoleculeStatistics(Vocabulary.broad(), scorer, torch.tensor(known), reference)
        for begin in range(0, len(smiles), 100):
            statistics.add(smiles[begin : begin + 100])
        found = {name: one.to_json() for name, one in statistics.result().items()}
    assert [name for name in found if name in TABLE] == list(TABLE)
    assert set(found) - set(TABLE) == {"rings", "heavy_atoms"}
    for name, row in TABLE.items():
        for end, expected in row.items():
            now = found[name][end]
            if expected is None:
                assert now is None, name
            else:
                assert now == pytest.approx(expected, rel=1e-13, abs=1e-15), name


def batch_of(domain: MoleculeDomain, *smiles: str) -> SequenceBatch:
    return SequenceBatch.from_lists([domain.vocabulary.encode(one) for one in smiles])


def test_rows_by_what_they_say() -> None:
    domain = MoleculeDomain()
    settings = domain.computed_here(domain.reward_settings())
    reward = domain.reward(settings, None)
    names = ["valid", "mean_TPSA", "TPSA in 60..70", "qed in 0.5 .. 1", "has c1ccccc1", "rings"]
    rows = domain.rows(settings, reward, names)
    assert list(rows.ranges()) == ["valid", "rings", *names[1:5]]  # of the reward, `valid` is there
    assert rows.ranges()["has c1ccccc1"] == SHARE
    found = rows.count(batch_of(domain, ASPIRIN, CAFFEINE, "C1CC", "O"))
    mols = [Chem.MolFromSmiles(one) for one in (ASPIRIN, CAFFEINE, "O")]
    areas = [rdMolDescriptors.CalcTPSA(mol) for mol in mols]  # 63.6, 61.8, 31.5
    assert found["valid"].value == 3 / 4
    assert found["mean_TPSA"].value == pytest.approx(sum(areas) / 3)
    assert found["mean_TPSA"].denominators.tolist() == [1, 1, 0, 1]
    assert found["TPSA in 60..70"].value == pytest.approx(2 / 3)
    assert found["qed in 0.5 .. 1"].value == pytest.approx(2 / 3)
    assert found["has c1ccccc1"].value == pytest.approx(1 / 3)
    assert found["rings"].value == pytest.approx((1 + 2 + 0) / 3)


def test_rows_of_similarity_to_a_molecule() -> None:
    domain = MoleculeDomain()
    settings = domain.computed_here(domain.reward_settings())
    mean, share = f"mean similarity to {ASPIRIN}", f"similarity to {ASPIRIN} in 0.3..0.9"
    rows = domain.rows(settings, domain.reward(settings, None), [mean, share])
    assert rows.ranges()[share] == SHARE
    assert (rows.ranges()[mean].low, rows.ranges()[mean].high) == (0, 1)
    salicylic = "O=C(O)c1ccccc1O"
    found = rows.count(batch_of(domain, ASPIRIN, salicylic, CAFFEINE, "C1CC"))
    prints = [fingerprint(Chem.MolFromSmiles(one)) for one in (ASPIRIN, salicylic, CAFFEINE)]
    similar = tanimoto(prints[0], prints)  # 1, .45, .06
    assert found[mean].value == pytest.approx(sum(similar) / 3)
    assert found[share].value == pytest.approx(1 / 3)
    assert parse_aims({mean: "0.4 .. 0.6"})[0].row == mean
    for written in (f"{mean} 0.4 .. 0.6", f"{share} >= 50 %", f"{mean} >= 0.4"):
        assert split_aim(written)[0] in (mean, share)


def test_rows_of_the_table_and_of_the_reward() -> None:
    domain = MoleculeDomain()
    settings = MoleculeRewardSettings(weights={"qed": 1.0, "MolWt": 0.1}, workers=0)
    rows = domain.rows(settings, domain.reward(settings, None))
    assert {"valid", "filters_passed", "mean_qed", "mean_MolWt", "qed"} <= rows.ranges().keys()
    assert rows.ranges()["mean_MolWt"].of_reward
    assert not rows.ranges()["mean_qed"].of_reward
    batch = batch_of(domain, ASPIRIN, "C1CC")
    found = rows.count(batch)
    assert found.keys() == rows.ranges().keys()
    assert found["mean_MolWt"].value == pytest.approx(180.16, abs=0.01)
    assert found["qed"].value == pytest.approx(found["mean_qed"].value / 2)  # over all sequences


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("TPS in 1..2", "did you mean 'TPSA'"),
        ("TPSA in 2..1", "the window is empty"),
        ("has c1cc", "as SMARTS"),
        ("similarity to CCO", "expected a window, such as similarity to CCO in 0.5..0.7"),
        ("mean similarity to C1CC", "'C1CC' cannot be read as SMILES"),
        ("similarity to X in 0..1", "'X' cannot be read as SMILES"),
        ("similarity to CCO in 0.7..0.5", "the window is empty"),
    ],
)
def test_a_row_that_cannot_be(name: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        MoleculeRows.terms([name])


def test_likeness_to_molecules() -> None:
    domain = MoleculeDomain()
    alike = LikenessToMolecules(domain.vocabulary, batch_of(domain, ASPIRIN, CAFFEINE))
    assert math.isnan(alike.result()["snn"].value)
    alike.update(batch_of(domain, CAFFEINE))
    assert alike.result()["snn"].value == pytest.approx(1)


def test_scaffolds_are_a_property() -> None:
    domain = MoleculeDomain()
    (scaffolds,) = domain.properties().values()
    batch = batch_of(domain, "Cc1ccccc1", "CCc1ccccc1", "CCO", "C(", "C1CCCC1")
    assert scaffolds(batch) == ["c1ccccc1", "c1ccccc1", None, None, "C1CCCC1"]
    assert domain.openings(batch, 0) == ["c1ccccc1", "c1ccccc1", "C1CCCC1"]
