"""Fingerprints and descriptors as rows of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from rdkit import Chem
from rdkit.Chem import Descriptors as RDKit
from rdkit.Chem import rdFingerprintGenerator

from sequence_tutor.molecule.features import (
    Descriptors,
    Features,
    Morgan,
    matrix,
    names_of,
    row_of,
    size_of,
)

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_bits_are_those_of_rdkit() -> None:
    own = matrix([ASPIRIN], Morgan(radius=3, size=512))[0]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=512)
    on = set(generator.GetFingerprint(Chem.MolFromSmiles(ASPIRIN)).GetOnBits())
    assert set(np.flatnonzero(own)) == on
    assert own.shape == (512,)


def test_counts_of_ethane_by_hand() -> None:
    # two carbons with three hydrogens each; at radius 1 both see the same, once for each bond
    row = matrix(["CC"], Morgan(radius=0, size=64, counts=True))[0]
    assert sorted(row[row > 0]) == [2]
    assert matrix(["CC"], Morgan(radius=0, size=64))[0].sum() == 1


def test_features_of_pharmacophores_and_stereocentres_differ() -> None:
    chlorine, bromine = "Clc1ccccc1", "Brc1ccccc1"
    by_role = matrix([chlorine, bromine], Morgan(atoms="fcfp", radius=0))
    by_element = matrix([chlorine, bromine], Morgan(radius=0))
    assert (by_role[0] == by_role[1]).all()
    assert (by_element[0] != by_element[1]).any()
    left, right = "C[C@H](N)O", "C[C@@H](N)O"
    assert (np.diff(matrix([left, right], Morgan()), axis=0) == 0).all()
    assert (np.diff(matrix([left, right], Morgan(chirality=True)), axis=0) != 0).any()


def test_parts_follow_each_other() -> None:
    parts = (Descriptors(names=("MolWt", "TPSA")), Morgan(size=32))
    row = row_of(parts, ASPIRIN)
    assert size_of(parts) == len(row) == len(names_of(parts)) == 34
    molecule = Chem.MolFromSmiles(ASPIRIN)
    functions = dict(RDKit.descList)
    assert row[:2].tolist() == [functions[name](molecule) for name in ("MolWt", "TPSA")]
    assert names_of(parts)[:3] == ("MolWt", "TPSA", "morgan_0")


def test_all_descriptors_without_names() -> None:
    assert Descriptors().size == len(RDKit.descList)
    assert len(row_of((Descriptors(),), "CCO")) == Descriptors().size


def test_what_is_no_molecule_has_none() -> None:
    with pytest.raises(ValueError, match="'C\\(' is no valid molecule"):
        matrix(["C("], Morgan())
    with pytest.raises(ValueError, match="no features"):
        matrix(["C"])


def test_settings_are_one_table_or_a_list() -> None:
    read = TypeAdapter(Features).validate_python
    assert read({"kind": "morgan", "size": 16}) == (Morgan(size=16),)
    assert read([{"kind": "descriptors", "names": "TPSA"}]) == (Descriptors(names=("TPSA",)),)
    with pytest.raises(ValidationError, match="unknown descriptor 'TPSB': did you mean 'TPSA'"):
        read({"kind": "descriptors", "names": "TPSB"})
    with pytest.raises(ValidationError, match="at least 1 item"):
        read([])
