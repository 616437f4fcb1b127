"""Parts written with a point last, and groups joined to them."""

from __future__ import annotations

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
from rdkit import Chem

from sequence_tutor.molecule.designing.groups import group_of, joined, plain_group
from sequence_tutor.molecule.designing.part import Part
from sequence_tutor.molecule.designing.spelling import BONDS, beginnings, endings


@pytest.mark.parametrize(
    "part",
    [
        "[*]c1ccncc1",
        "[*]N1CCN(c2ccccc2)CC1",
        "[*][C@@H]1CC[C@H](C)O1",
        "[*]/C=C/c1ccccc1",
        "[*]/C(C)=C/C",
        "[*][N+](C)(C)Cc1ccccc1",
        "[*]n1cccc1",
        "[*]C12CC3CC(CC(C3)C1)C2",
        "C[S@@](=O)[*]",
        "[*]c1ccc2c(c1)[C@]1(CCNC1)C(=O)N2",
    ],
)
@pytest.mark.parametrize("tail", ["OCC", "c1ccccc1", "N[C@H](C)C1CC1", "C/C=C/C"])
def test_a_group_joined_as_a_graph_is_the_string_read_as_a_whole(part: str, tail: str) -> None:
    own = Part(part)
    found = beginnings(own.molecule, 1, 100, seed=0)
    assert len(found) > 1
    for begun in found:
        direct = Chem.CanonSmiles(f"{begun}{tail}")
        bond = begun[-1] if begun[-1] in BONDS else ""
        group = group_of(f"*{bond}{tail}")
        assert group is not None
        molecule = joined(own.molecule, 1, group)
        assert molecule is not None
        assert Chem.CanonSmiles(Chem.MolToSmiles(molecule)) == direct
        assert own.is_in(Chem.MolFromSmiles(direct))


@pytest.mark.parametrize("part", ["[*]c1ccncc1", "[*][C@@H]1CC[C@H](C)O1", "[*]/C=C/c1ccccc1"])
def test_an_end_written_first_goes_on_from_a_linker(part: str) -> None:
    own = Part(part)
    for ended in endings(own.molecule, 1, 100, seed=0):
        direct = Chem.CanonSmiles(f"NCC{ended}")
        group = group_of("NCC*")
        assert group is not None
        molecule = joined(own.molecule, 1, group)
        assert molecule is not None
        assert Chem.CanonSmiles(Chem.MolToSmiles(molecule)) == direct


def test_other_points_are_hydrogens_in_a_beginning() -> None:
    part = Part("[*:1]N1CCN([*:2])CC1")
    for point in (1, 2):
        found = beginnings(part.molecule, point, 100, seed=0)
        assert {Chem.CanonSmiles(one) for one in found} == {"C1CNCCN1"}
    chiral = Part("C[C@H]([*:1])O[*:2]")
    (alcohol,) = {Chem.CanonSmiles(f"{one}N") for one in beginnings(chiral.molecule, 1, 100, 0)}
    assert alcohol == Chem.CanonSmiles("C[C@H](N)O")


@pytest.mark.parametrize(
    "tail", ["", "=O", "#N", "1CC1", "(C)C", "C1CC", "C)C", ".C", "C.C", "[CH2", "C*"]
)
def test_what_is_no_group_with_one_single_bond(tail: str) -> None:
    assert group_of(f"*{tail}") is None


@pytest.mark.parametrize("linker", ["", "=", "C=", "1CC1", "C(C)(", "C1CC", "N(C", "C*C", ".C"])
def test_what_is_no_linker(linker: str) -> None:
    assert group_of(f"*{linker}*", points=2) is None


@pytest.mark.parametrize("linker", ["C", "CC(=O)", "c1cccc(c1)", "N1CCC(C1)O", "/C=C/"])
def test_what_is_one(linker: str) -> None:
    assert group_of(f"*{linker}*", points=2) is not None


def test_a_group_that_no_valence_allows_is_not_joined() -> None:
    assert joined(Part("[*]F").molecule, 1, Chem.MolFromSmiles("*C")) is not None
    group = group_of("*OC")
    assert group is not None
    assert plain_group(group) == "*OC"
