import pytest
from rdkit import Chem

from sequence_tutor.molecule.benchmarks.oracle import (
    BudgetSpent,
    Oracle,
    top_auc,
    top_curve,
    top_mean,
)


def atoms(molecule: Chem.Mol) -> float:
    """A score that tells molecules apart."""
    return molecule.GetNumAtoms() / 100


def test_invalid_and_repeated_molecules_are_free() -> None:
    oracle = Oracle(atoms, budget=2)
    scores = [oracle(smiles) for smiles in ("CCO", None, "OCC", "C1CC", "", "C(O)C", "CC")]
    assert scores == [0.03, 0, 0.03, 0, 0, 0.03, 0.02]
    assert oracle.calls == [("CCO", 0.03), ("CC", 0.02)]


def test_the_budget_is_kept_to_the_call() -> None:
    oracle = Oracle(atoms, budget=3)
    for length in (1, 2, 3):
        oracle("C" * length)
    with pytest.raises(BudgetSpent):
        oracle("CCCC")
    assert [smiles for smiles, _ in oracle.calls] == ["C", "CC", "CCC"]
    assert oracle("CC") == 0.02  # known ones are answered still


def test_stereochemistry_makes_another_call() -> None:
    oracle = Oracle(atoms)
    for smiles in ("CC(N)O", "C[C@H](N)O", "C[C@@H](N)O"):
        oracle(smiles)
    assert len(oracle) == 3


def test_what_cannot_be_computed_scores_zero_and_counts() -> None:
    def broken(_: Chem.Mol) -> float:
        raise RuntimeError("Pre-condition Violation")

    oracle = Oracle(broken)
    assert (oracle("CC"), len(oracle)) == (0, 1)


def test_a_mistake_in_an_objective_is_not_hidden() -> None:
    def mistaken(_: Chem.Mol) -> float:
        raise TypeError

    with pytest.raises(TypeError):
        Oracle(mistaken)("CC")


def test_restored_calls_are_known() -> None:
    oracle = Oracle(atoms, budget=1)
    oracle.restore([("CC", 0.5)])
    assert oracle("CC") == 0.5
    with pytest.raises(BudgetSpent):
        oracle("CCC")


def test_mean_of_the_best() -> None:
    assert top_mean([0.1, 0.9, 0.5], 2) == pytest.approx(0.7)
    assert top_mean([0.4], 10) == 0.4
    assert top_mean([], 10) == 0


def test_curve_by_hand() -> None:
    # best two of 1: 1; of 1, 0: .5; of 1, 0, 3: 2; of all five: (3 + 5) / 2
    assert top_curve([1, 0, 3, 2, 5], count=2, every=2) == [(2, 0.5), (4, 2.5), (5, 4.0)]


def test_area_by_hand() -> None:
    # trapezia of the curve above: 2 (0 + .5)/2 + 2 (.5 + 2.5)/2 + 1 (2.5 + 4)/2 = 6.75;
    # then 5 calls that were not made, at 4
    assert top_auc([1, 0, 3, 2, 5], count=2, budget=10, every=2) == pytest.approx(26.75 / 10)


def test_area_of_a_perfect_run_lacks_the_first_rise() -> None:
    assert top_auc([1.0] * 10_000) == pytest.approx(1 - 50 / 10_000)
    assert top_auc([1.0] * 1_000) == pytest.approx(1 - 50 / 10_000)
    assert top_auc([]) == 0


def test_no_more_scores_than_the_budget() -> None:
    with pytest.raises(ValueError, match="3 scores"):
        top_auc([1, 1, 1], budget=2)
