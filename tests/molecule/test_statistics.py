from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from rdkit import Chem
from rdkit.Chem import QED, DataStructs, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Contrib.SA_Score import sascorer

from sequence_tutor.molecule import statistics as module
from sequence_tutor.molecule.chemistry import molecule_hash
from sequence_tutor.molecule.rows import unwanted_groups
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.statistics import (
    TABLE_TERMS,
    MoleculeStatistics,
    Reference,
    internal_diversity,
)
from sequence_tutor.molecule.tanimoto import fingerprints
from sequence_tutor.molecule.terms import TermSet
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
AMPHETAMINE, CREATINE = "CC(N)Cc1ccccc1", "CN(CC(=O)O)C(=N)N"
MACROCYCLE = "C1CCCCCCCCCCC1"  # twelve atoms: six beyond the free ones
SALT = "[NH3+]CC(=O)[O-].[Na+]"
RADICAL = "C[CH2]"
VALID = [ASPIRIN, CAFFEINE, AMPHETAMINE, CREATINE, MACROCYCLE, SALT, RADICAL, "N"]
INVALID = ["", "C1CC", "c1cccc1", None]


@pytest.fixture
def scorer() -> Iterator[Scorer]:
    with Scorer(TermSet(TABLE_TERMS)) as found:
        yield found


def test_against_rdkit_itself(scorer: Scorer) -> None:
    statistics = MoleculeStatistics(Vocabulary.broad(), scorer)
    statistics.add([*VALID, *INVALID])
    found = {name: estimate.value for name, estimate in statistics.result().items()}
    mols = [Chem.MolFromSmiles(text) for text in VALID]
    assert found["valid"] == pytest.approx(8 / 12)
    expected = {
        "mean_logp": [rdMolDescriptors.CalcCrippenDescriptors(mol)[0] for mol in mols],
        "mean_qed": [QED.qed(mol) for mol in mols],
        "mean_sa_penalty": [-sascorer.calculateScore(mol) for mol in mols],
        "mean_ring_penalty": [0, 0, 0, 0, -6, 0, 0, 0],
    }
    for name, values in expected.items():
        assert found[name] == pytest.approx(sum(values) / 8), name
    assert found["fragments"] == found["charged"] == found["radicals"] == pytest.approx(1 / 8)
    passed = [not unwanted_groups().HasMatch(mol) for mol in mols]
    assert 0 < sum(passed) < 8
    assert found["filters_passed"] == pytest.approx(sum(passed) / 8)
    assert math.isnan(found["novel"])
    assert "snn" not in found


def test_tokens_are_read_and_a_stream_is_what_the_whole_is(scorer: Scorer) -> None:
    vocabulary = Vocabulary.broad()
    rows = [vocabulary.encode(text) for text in VALID]
    unfinished = vocabulary.encode(ASPIRIN, end=False)
    whole, stream = (MoleculeStatistics(vocabulary, scorer) for _ in range(2))
    whole.update(SequenceBatch.from_lists([*rows, unfinished]))
    stream.update(SequenceBatch.from_lists(rows[:3]))
    stream.update(SequenceBatch.from_lists([unfinished]))
    stream.update(SequenceBatch.from_lists(rows[3:]))
    assert whole.result()["valid"].value == pytest.approx(8 / 9)
    for name, estimate in whole.result().items():
        other = stream.result()[name]
        for end in ("value", "low", "high"):
            assert getattr(estimate, end) == pytest.approx(getattr(other, end), nan_ok=True), name


def test_novelty_is_of_molecules_not_of_strings(scorer: Scorer) -> None:
    known = sorted(molecule_hash(Chem.CanonSmiles(text)) for text in (ASPIRIN, "CCO"))
    statistics = MoleculeStatistics(Vocabulary.broad(), scorer, torch.tensor(known))
    statistics.add(["OCC", "CCO", CAFFEINE, "OC(=O)c1ccccc1OC(C)=O"])
    assert statistics.result()["novel"].value == 1 / 4


def test_unique_is_undefined_below_its_number(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNIQUE_AT", {"unique_at_4": 4, "unique_at_9": 9})
    statistics = MoleculeStatistics(Vocabulary.broad(), scorer)
    statistics.add(["CCO", "C1CC", "OCC", "C", "N", "O", "O"])
    found = statistics.result()
    assert found["unique_at_4"].value == 3 / 4  # of CCO, OCC, C, N
    assert math.isnan(found["unique_at_9"].value)


def test_without_a_single_molecule_all_but_validity_is_undefined(scorer: Scorer) -> None:
    statistics = MoleculeStatistics(Vocabulary.broad(), scorer, torch.zeros(0, dtype=torch.int64))
    statistics.add(INVALID)
    found = statistics.result()
    assert found.pop("valid").value == 0
    assert all(math.isnan(estimate.value) for estimate in found.values())


def test_a_reference_set(scorer: Scorer) -> None:
    reference = Reference.of_smiles([CAFFEINE, ASPIRIN])
    statistics = MoleculeStatistics(Vocabulary.broad(), scorer, reference=reference)
    statistics.add([CAFFEINE, AMPHETAMINE])
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    one, other = (
        generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in (AMPHETAMINE, ASPIRIN)
    )
    nearest = DataStructs.TanimotoSimilarity(one, other)  # caffeine is farther
    found = statistics.result()
    assert found["snn"].value == pytest.approx((1 + nearest) / 2)
    assert found["scaffold_similarity"].value == pytest.approx(1)  # caffeine's, on both sides


def test_the_interval_of_diversity_holds_nineteen_times_in_twenty() -> None:
    pool = fingerprints([Chem.MolFromSmiles(text) for text in _many()])
    truth = internal_diversity(pool).value
    generator = torch.Generator().manual_seed(0)
    held = 0
    for _ in range(200):
        places = torch.randint(len(pool), (60,), generator=generator).tolist()
        found = internal_diversity(pool[places])
        expected = (1 - 1 / 60) * truth  # of 60 x 60 pairs, 60 are of one molecule with itself
        held += found.low <= expected <= found.high
    assert 0.88 <= held / 200 <= 1


def _many() -> list[str]:
    """216 small molecules of all kinds."""
    heads = ("C", "O", "N", "Cl", "c1ccccc1", "C1CCCCC1")
    middles = ("C", "C(=O)", "CC", "C(C)", "C(=O)N", "CO")
    tails = ("C", "N", "F", "c1ccncc1", "C(=O)O", "C#N")
    return [f"{head}{mid}{tail}" for head in heads for mid in middles for tail in tails]
