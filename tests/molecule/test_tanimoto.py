from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from sequence_tutor.molecule import tanimoto as module
from sequence_tutor.molecule.tanimoto import fingerprints, mean_similarities, nearest

SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",  # caffeine
    "CC(N)Cc1ccccc1",  # amphetamine
    "CN(CC(=O)O)C(=N)N",  # creatine
    "CC(=O)Nc1ccc(O)cc1",  # paracetamol
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",  # ibuprofen
    "OCC",
]


def rdkits(smiles: list[str]) -> list[DataStructs.ExplicitBitVect]:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    return [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]


def prints(smiles: list[str]) -> module.Prints:
    return fingerprints([Chem.MolFromSmiles(text) for text in smiles])


@pytest.mark.parametrize("block", [2, 3, 2048])
def test_as_rdkit_computes_them_one_by_one(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    expected = np.array(
        [DataStructs.BulkTanimotoSimilarity(one, rdkits(SMILES)) for one in rdkits(SMILES)]
    )
    first, second = mean_similarities(prints(SMILES))
    np.testing.assert_allclose(first, expected.mean(1), rtol=1e-6)
    np.testing.assert_allclose(second, np.sqrt((expected**2).mean(1)), rtol=1e-6)
    found = nearest(prints(SMILES[:4]), prints(SMILES[2:]))
    np.testing.assert_allclose(found, expected[:4, 2:].max(1), rtol=1e-6)


def test_two_molecules_without_bits_are_alike() -> None:
    nothing = np.zeros((2, 128), dtype=np.uint8)
    assert mean_similarities(nothing)[0].tolist() == [1.0, 1.0]
