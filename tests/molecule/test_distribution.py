from __future__ import annotations

import math

import pytest
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.distribution import (
    brics_fragments,
    cosine,
    describe,
    moses_statistics,
    ringed_scaffold,
)

ASPIRIN, CAFFEINE, AMPHETAMINE = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(N)Cc1ccccc1",
)
BIPHENYL = "c1ccc(-c2ccccc2)cc1"


def test_a_set_against_itself_is_as_like_as_can_be() -> None:
    smiles = [ASPIRIN, CAFFEINE, AMPHETAMINE, BIPHENYL]
    found = moses_statistics(smiles, describe(smiles, "all"), train={ASPIRIN})
    assert found["valid"] == 1
    assert found["novelty"] == 3 / 4
    for name in ("SNN", "Frag", "Scaf"):
        assert found[name] == pytest.approx(1)
    for name in ("logP", "SA", "QED", "weight"):
        assert found[name] == 0


def test_copies_of_one_molecule_by_hand() -> None:
    butane = describe(["CCCC", "not one"], "butane")
    found = moses_statistics(["CCO", "OCC", None, "C1CC", ""], butane)
    assert found["valid"] == 2 / 5
    assert found["IntDiv"] == pytest.approx(0)
    assert found["IntDiv2"] == pytest.approx(0)
    assert math.isnan(found["Scaf"])  # no ring anywhere
    assert math.isnan(found["novelty"])
    assert math.isnan(found["unique@1k"])
    assert found["weight"] == pytest.approx(58.124 - 46.069)  # butane, ethanol


def test_diversity_of_two_unlike_molecules() -> None:
    # methane and water share no bit: the four pairs have similarities 1, 0, 0, 1
    found = moses_statistics(["C", "O"], describe(["C"], "methane"))
    assert found["IntDiv"] == pytest.approx(1 / 2)
    assert found["IntDiv2"] == pytest.approx(1 - math.sqrt(1 / 2))
    assert found["SNN"] == pytest.approx(1 / 2)


def test_unique_counts_the_first_thousand() -> None:
    sizes = range(1, 11)
    esters = [f"{'C' * left}(=O)O{'C' * right}" for left in sizes for right in sizes] * 10
    found = moses_statistics([*esters, "O"], describe(["C"], "methane"))
    assert found["unique@1k"] == 0.1
    assert math.isnan(found["unique@10k"])


def test_the_bonds_of_aspirin_that_brics_cuts() -> None:
    fragments = brics_fragments(Chem.MolFromSmiles(ASPIRIN))
    assert sorted(fragments) == ["[1*]C(C)=O", "[16*]c1ccccc1[16*]", "[3*]O[3*]", "[6*]C(=O)O"]


def test_scaffolds_of_one_ring_are_not_counted() -> None:
    assert ringed_scaffold(Chem.MolFromSmiles(ASPIRIN)) is None
    assert ringed_scaffold(Chem.MolFromSmiles("Cc1ccc(-c2ccccc2)cc1")) == BIPHENYL


def test_cosine_by_hand() -> None:
    assert cosine({"a": 3, "b": 4}, {"a": 4, "c": 3}) == pytest.approx(12 / 25)
    assert math.isnan(cosine({}, {"a": 1}))


def test_nothing_valid_is_said() -> None:
    with pytest.raises(UserError, match=r"no valid molecule among the 1 of held\.smi"):
        describe(["C1CC"], "held.smi")
    with pytest.raises(UserError, match="no valid molecule among the 1 of those generated"):
        moses_statistics(["C1CC"], describe(["C"], "methane"))
