"""Parts with attachment points: what is read, refused, and found in a molecule."""

from __future__ import annotations

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.designing.part import Part, point_of, read_ends


def is_in(part: str, smiles: str) -> bool:
    return Part(part).is_in(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(
    ("part", "smiles"),
    [
        ("[*]c1ccncc1", "CCc1ccncc1"),
        ("*C1=CC=NC=C1", "CCc1ccncc1"),  # written without aromatic atoms
        ("[*:2]CC[*:1]", "OCCN"),
        ("[1*]n1cccc1", "Cn1cccc1"),
        ("C[N+](C)(C)[*]", "C[N+](C)(C)CC(=O)[O-]"),
        ("C[C@H](N)[*]", "C[C@H](N)c1ccccc1"),
        ("[13CH3][*]", "[13CH3]O"),
        ("[*]/C=C/C", "c1ccccc1/C=C/C"),
    ],
)
def test_what_contains_a_part(part: str, smiles: str) -> None:
    assert is_in(part, smiles)


@pytest.mark.parametrize(
    ("part", "smiles"),
    [
        ("[*]c1ccncc1", "c1ccncc1"),  # hydrogen at the point
        ("[*]c1ccncc1", "Cc1ccnc(C)c1"),  # another group beside
        ("[*]c1ccncc1", "c1cc2ccccc2cn1"),  # a ring on it
        ("[*]c1ccncc1", "Cc1cc[nH+]cc1"),
        ("[*]CC(=O)O", "CCC(=O)[O-]"),
        ("[*]C1CCNCC1", "C1CC12CCNCC2"),  # two bonds at the point
        ("[*]CN", "C=CN"),
        ("C[C@H](N)[*]", "C[C@@H](N)c1ccccc1"),
        ("[13CH3][*]", "CO"),
    ],
)
def test_what_does_not(part: str, smiles: str) -> None:
    assert not is_in(part, smiles)


def test_points_are_counted_by_their_numbers_and_then_as_written() -> None:
    part = Part("[*]CC([*:7])N[*:2]")
    assert part.points == 3
    near = [point_of(part.molecule, n).GetNeighbors()[0].GetSymbol() for n in (1, 2, 3)]
    hydrogens = [point_of(part.molecule, n).GetNeighbors()[0].GetTotalNumHs() for n in (1, 2, 3)]
    assert (near, hydrogens) == (["N", "C", "C"], [1, 1, 2])


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("c1ccncc1", "has no attachment point, expected one or more written as"),
        ("[*]C1=CC", "cannot be read as SMILES"),
        ("[*]=C", "another bond than one single bond"),
        ("C[*]C", "an attachment point with 2 bonds, expected one: each group has one bond"),
        ("[*][*]", "no atom beside its attachment points"),
        ("C[*].[*]C", "is of several pieces"),
        ("[*:1]C[*:1]", "has 2 points with the number 1, expected one: each group has one bond"),
        ("[*+]C", "attachment point with a charge"),
        ("[*][CH2]", "a radical"),
        ("[*]C[*][*]", "an attachment point with 2 bonds"),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(smiles: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        Part(smiles)
    assert said in str(refused.value)
    assert repr(smiles) in str(refused.value)


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("[*]C", "has one piece, expected two"),
        ("[*]C.[*]N.[*]O", "has 3 pieces, expected two"),
        ("[*]C.[*]N[*]", "'[*]N[*]' has 2 attachment points, expected one"),
        ("[*]C.N", "piece 'N' has no attachment point"),
    ],
)
def test_ends_are_two_with_one_point_each(smiles: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        read_ends(smiles)
    assert said in str(refused.value)
