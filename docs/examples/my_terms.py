"""Terms of one's own for molecules: what `--rules my_terms.py` takes."""

from __future__ import annotations

from rdkit import Chem

WEIGHTS = {"halogens": -0.2}  # a term that is not named has weight 1
_HALOGENS = {"F", "Cl", "Br", "I"}


def hetero_share(smiles: list[str]) -> list[float | None]:
    """The share of heavy atoms that are no carbon; None for a molecule without heavy atoms."""
    return [_share(Chem.MolFromSmiles(one)) for one in smiles]


def halogens(smiles: list[str]) -> list[float]:
    """How many halogens a molecule has."""
    molecules = (Chem.MolFromSmiles(one) for one in smiles)
    return [
        float(sum(atom.GetSymbol() in _HALOGENS for atom in molecule.GetAtoms()))
        for molecule in molecules
    ]


def _share(molecule: Chem.Mol) -> float | None:
    atoms = molecule.GetNumHeavyAtoms()
    others = sum(atom.GetAtomicNum() not in (1, 6) for atom in molecule.GetAtoms())
    return others / atoms if atoms else None
