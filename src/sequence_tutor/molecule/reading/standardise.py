"""Standardisation: molecules without counter-ions and solvents, optionally without charges.

    none      as written
    fragment  without counter-ions and solvents; the largest of the remaining parts
    parent    the same, charges neutralised where possible, and without isotopes

Source: M. Swain's MolVS, in RDKit as `rdMolStandardize`; the counter-ions are those of RDKit's
`SaltRemover`. Where we differ: a part with carbon is preferred to a larger one without, and
functional groups and tautomers are not changed.
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
    """The standardised SMILES; the string itself if it is invalid or nothing changes."""
    if how == "none" or (how == "fragment" and "." not in smiles and not _METAL.search(smiles)):
        return smiles
    molecule = parse(smiles)
    if molecule is None:
        return smiles
    try:
        with quiet():
            found = canonical_smiles(_parent(molecule, neutral=how == "parent"))
    except (ValueError, RuntimeError):  # of RDKit, such as for unusual valences of metals
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
    """The order by which the largest part is chosen."""
    has_carbon = any(atom.GetAtomicNum() == 6 for atom in part.GetAtoms())
    return has_carbon, part.GetNumHeavyAtoms(), canonical_smiles(part)


@lru_cache(maxsize=1)
def _salts() -> SaltRemover:
    return SaltRemover()


@lru_cache(maxsize=1)
def _metals() -> rdMolStandardize.MetalDisconnector:
    return rdMolStandardize.MetalDisconnector()
