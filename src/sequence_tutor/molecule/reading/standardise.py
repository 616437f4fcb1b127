"""The molecule that is meant: without counter-ions and solvents, on request without charges.

    none      as it is written
    fragment  without salts' counter-ions and solvents; of what is left, the largest part
    parent    the same, charges neutralised where that is possible, and without isotopes

Source: M. Swain's MolVS, which RDKit has as `rdMolStandardize`; the counter-ions are those of
RDKit's `SaltRemover`. Where we differ: a part with carbon is kept before a larger one without, and
functional groups and tautomers stay as they are written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.Chem.SaltRemover import SaltRemover

from sequence_tutor.molecule.chemistry import canonical_smiles, parse, quiet

Standardise = Literal["none", "fragment", "parent"]

_METAL = re.compile(r"\[\d*(?:Li|Na|K|Rb|Cs|Mg|Ca|Sr|Ba)(?![a-z])")


def standardised(smiles: str, how: Standardise) -> str:
    """The SMILES of what is meant; as it is written where that changes nothing, or is no molecule.

    Args:
        smiles: as a file has it.
        how: what is left of it.
    """
    if how == "none" or (how == "fragment" and "." not in smiles and not _METAL.search(smiles)):
        return smiles
    molecule = parse(smiles)
    if molecule is None:
        return smiles
    try:
        with quiet():
            found = canonical_smiles(_parent(molecule, neutral=how == "parent"))
    except (ValueError, RuntimeError):  # RDKit's own, of a metal's strange valences for instance
        return smiles
    return smiles if found == canonical_smiles(molecule) else found


def _parent(molecule: Chem.Mol, *, neutral: bool) -> Chem.Mol:
    whole = (
        _metals().Disconnect(molecule) if _METAL.search(canonical_smiles(molecule)) else molecule
    )
    parts = Chem.GetMolFrags(_salts().StripMol(whole, dontRemoveEverything=True), asMols=True)
    found: Chem.Mol = max(parts, key=_size)
    if neutral:
        for atom in found.GetAtoms():
            atom.SetIsotope(0)
        return Chem.RemoveHs(rdMolStandardize.Uncharger().uncharge(found))
    return found


def _size(part: Chem.Mol) -> tuple[bool, int, str]:
    """What decides which part is the molecule; between two of one size their spelling does."""
    has_carbon = any(atom.GetAtomicNum() == 6 for atom in part.GetAtoms())
    return has_carbon, part.GetNumHeavyAtoms(), canonical_smiles(part)


@lru_cache(maxsize=1)
def _salts() -> SaltRemover:
    return SaltRemover()


@lru_cache(maxsize=1)
def _metals() -> rdMolStandardize.MetalDisconnector:
    return rdMolStandardize.MetalDisconnector()
