"""Children by hand, and what all of them have to be."""

from collections.abc import Callable
from random import Random

import pytest
import torch
from rdkit import Chem

from kit import generator
from sequence_tutor.molecule.breeding import Crosser, bred
from sequence_tutor.molecule.chemistry import canonical_of, quiet
from sequence_tutor.molecule.crossover import crossed
from sequence_tutor.molecule.graph_edits import MOST_ATOMS, Parent, finished, loosened
from sequence_tutor.molecule.mutation import (
    append_atom,
    change_atom,
    change_bond,
    close_ring,
    insert_atom,
    mutated,
    open_ring,
    remove_atom,
)
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary.broad()
DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[C@@H]1CC[NH+](Cc2ccc3[nH]ccc3c2)C1",
    "O=C(NC1CCCCC1)c1ccc2c(c1)OCO2",
    "Cc1nc(-c2cccnc2)sc1C(=O)N1CCOCC1",
]


def parent(smiles: str) -> Parent:
    return Parent(Chem.MolFromSmiles(smiles))


def children(make: Callable[[Random], Chem.Mol | None], tries: int = 300) -> set[str]:
    """Canonical SMILES of what is made with many seeds."""
    with quiet():
        made = [make(Random(seed)) for seed in range(tries)]
    return {Chem.MolToSmiles(one) for one in made if one is not None}


def test_chains_are_cut_at_a_bond_and_their_parts_joined() -> None:
    # C|O and C|N: one part of each
    mother, father = parent("CO"), parent("CN")
    assert children(lambda random: crossed(mother, father, random)) == {"CC", "CN", "CO", "NO"}


def test_rings_are_cut_at_two_bonds_and_closed_again() -> None:
    mother, father = parent("C1CC1"), parent("O1CC1")
    made = children(lambda random: crossed(mother, father, random))
    assert made
    for smiles in made:
        child = Chem.MolFromSmiles(smiles)
        assert child.GetRingInfo().NumRings() == 1
        assert child.GetNumAtoms() <= 4  # at most two atoms of each
    assert {"C1CC1", "C1CO1"} <= made
    assert "C1COC1" in made  # C-C of one and C-O of the other


def test_without_a_ring_rings_cannot_be_crossed() -> None:
    mother, father = parent("CCO"), parent("C1CC1")  # no chain to cut here, no ring there
    assert not children(lambda random: crossed(mother, father, random))


@pytest.mark.parametrize(
    ("edit", "smiles", "expected"),
    [
        (insert_atom, "CC", {"CCC", "CNC", "COC", "CSC"}),
        (remove_atom, "CO", {"C", "O"}),
        (remove_atom, "CCO", {"CO", "CC"}),
        (change_bond, "CC", {"C=C", "C#C"}),
        (close_ring, "CCC", {"C1CC1"}),
        (open_ring, "C1CC1", {"CCC"}),
        (open_ring, "CCC", set()),
    ],
)
def test_edits_by_hand(
    edit: Callable[[Chem.RWMol, Random], bool], smiles: str, expected: set[str]
) -> None:
    molecule = Chem.MolFromSmiles(smiles)

    def make(random: Random) -> Chem.Mol | None:
        edited = loosened(molecule)
        if not edit(edited, random):
            return None
        return edited if Chem.SanitizeMol(edited, catchErrors=True) == 0 else None

    assert children(make) == expected


def test_atoms_are_appended_and_changed_within_their_valences() -> None:
    methane = Chem.MolFromSmiles("C")
    for edit, expected in (
        (append_atom, {"CC", "C=C", "C#C", "CN", "C=N", "C#N", "CO", "C=O", "CF", "CCl"}),
        (change_atom, {"N", "O", "S", "F", "Cl", "Br"}),
    ):
        made = set()
        for seed in range(300):
            edited = loosened(methane)
            with quiet():
                if edit(edited, Random(seed)) and Chem.SanitizeMol(edited, catchErrors=True) == 0:
                    made.add(Chem.MolToSmiles(edited))
        assert expected <= made
        assert "C=F" not in made


@pytest.mark.parametrize(
    "smiles",
    ["CC.O", "C1CCCCCC1", "C1=CC1", "C1=C=CCCC1", "C" * (MOST_ATOMS + 1)],
    ids=["two parts", "ring of seven", "small ring", "allene", "large"],
)
def test_what_nobody_would_make_is_refused(smiles: str) -> None:
    assert finished(Chem.RWMol(Chem.MolFromSmiles(smiles)), 6) is None


def test_a_ring_of_a_parent_may_be_inherited() -> None:
    assert parent("C1CCCCCC1").largest_ring == 7
    assert parent("CC").largest_ring == 6


def test_all_children_of_drugs_are_molecules_and_charges_keep_their_hydrogens() -> None:
    with quiet():
        made = [bred(one, two, Random(s)) for s in range(40) for one in DRUGS for two in DRUGS]
    found = [one for one in made if one is not None]
    assert len(found) > 0.8 * len(made)
    for smiles in set(found):
        molecule = Chem.MolFromSmiles(smiles)
        assert canonical_of(smiles) == smiles
        assert "." not in smiles
        assert sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()) == 0
    assert any("[NH+]" in one for one in found)
    assert any("[nH]" in one for one in found)
    assert len(set(found)) > 0.5 * len(found)


def test_a_mutation_differs_from_its_parent() -> None:
    one = parent(DRUGS[2])
    assert len(children(lambda random: mutated(one, random), 100)) > 50


def test_children_are_written_with_the_priors_tokens_and_not_too_long() -> None:
    mothers = SequenceBatch.from_lists([VOCABULARY.encode(one) for one in DRUGS * 10])
    fathers = mothers[torch.arange(len(mothers)).flip(0)]
    born = Crosser(VOCABULARY, 40).cross(mothers, fathers, generator())
    assert born is not None
    assert 1 < int(born.lengths.max()) <= 40
    texts = VOCABULARY.decode_batch(born)
    assert len(set(texts)) == len(texts)
    assert all(text is not None and canonical_of(text) == text for text in texts)
    again = Crosser(VOCABULARY, 40).cross(mothers, fathers, generator())
    assert again is not None
    assert again.to_lists() == born.to_lists()


def test_a_child_with_an_unknown_token_is_not_born() -> None:
    few = Vocabulary.of_tokens("CO", "atoms")
    pair = SequenceBatch.from_lists([few.encode("CCO")] * 100)
    born = Crosser(few, 40).cross(pair, pair, generator())
    assert born is not None
    assert {character for text in few.decode_batch(born) for character in text or ""} <= set("CO")


def test_where_no_pair_has_children_there_is_none() -> None:
    lone = SequenceBatch.from_lists([VOCABULARY.encode("C"), VOCABULARY.encode("CC(")])
    few = Vocabulary.of_tokens(["C"], "atoms")
    only = SequenceBatch.from_lists([few.encode("C")])
    assert Crosser(few, 1).cross(only, only, generator()) is None
    assert Crosser(VOCABULARY, 40).cross(lone[1:], lone[1:], generator()) is None
