from __future__ import annotations

import torch

from sequence_tutor.molecule.scoring.diversity import Diversity, DiversitySettings
from sequence_tutor.molecule.terms import MoleculeRecord, TermSet

TERMS = TermSet({}, scaffolds=True)
ASPIRIN, SALICYLIC_ACID = "CC(=O)Oc1ccccc1C(=O)O", "O=C(O)c1ccccc1O"
ALL = DiversitySettings(repeat=1.0, scaffold=0.5, bucket=2, similar=2.0, similarity=0.4)


def records(*smiles: str) -> list[MoleculeRecord]:
    return [TERMS.evaluate(one) for one in smiles]


def test_only_terms_with_a_weight_are_on() -> None:
    assert Diversity(DiversitySettings()).names == ()
    assert Diversity(DiversitySettings())(records("C", "CC")).shape == (2, 0)
    assert ALL.weights == {"found_before": 1, "crowded_scaffold": 0.5, "similar_to_found": 2}


def test_nothing_costs_before_anything_was_found() -> None:
    assert not Diversity(ALL)(records(ASPIRIN, "C", "C(")).any()


def test_a_molecule_found_before_however_written() -> None:
    diversity = Diversity(DiversitySettings(repeat=1.0))
    diversity.remember(records("OCC", "C("))
    assert diversity(records("CCO", "CCN", "C(")).tolist() == [[-1], [0], [0]]


def test_a_scaffold_costs_once_its_bucket_is_full() -> None:
    diversity = Diversity(DiversitySettings(scaffold=1.0, bucket=2))
    diversity.remember(records(ASPIRIN))
    assert diversity(records("Cc1ccccc1")).tolist() == [[0]]
    diversity.remember(records("Oc1ccccc1"))
    assert diversity(records("Cc1ccccc1", "C1CCCCC1", "CCO")).tolist() == [[-1], [0], [0]]
    assert diversity.report() == {"found": 2, "repeats": 0, "scaffolds": 1, "full_scaffolds": 1}


def test_similarity_costs_from_a_threshold_on() -> None:
    diversity = Diversity(DiversitySettings(similar=1.0, similarity=0.2))
    diversity.remember(records(ASPIRIN))
    same, like, other = diversity(records(ASPIRIN, SALICYLIC_ACID, "CCN"))[:, 0]
    assert same == -1
    assert -0.9 < like < 0
    assert other == 0


def test_only_the_newest_are_compared_with() -> None:
    diversity = Diversity(DiversitySettings(similar=1.0, kept=2))
    diversity.remember(records(ASPIRIN, "CCO", "CCN"))
    assert diversity(records(ASPIRIN, "CCO", "CCN"))[:, 0].tolist() == [0, -1, -1]


def test_a_memory_comes_back_exactly() -> None:
    first = Diversity(ALL)
    first.remember(records(ASPIRIN, "OCC", "CCO", SALICYLIC_ACID))
    second = Diversity(ALL)
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    later = records("Cc1ccccc1", ASPIRIN, "CCOC")
    for one in (first, second):
        one.remember(records("CCN"))
    assert (first(later) == second(later)).all()
    assert (
        first.report()
        == second.report()
        == {
            "found": 4,
            "repeats": 1,
            "scaffolds": 2,
            "full_scaffolds": 2,
        }
    )
    for name, tensor in first.state().items():
        assert torch.equal(tensor, second.state()[name])


def test_an_empty_memory_comes_back_too() -> None:
    diversity = Diversity(ALL)
    diversity.restore(Diversity(ALL).state())
    assert diversity.report()["found"] == 0
    assert diversity.state()["fingerprints"].shape == (0, 256)
