"""Groups at attachment points: read from what a model wrote, and joined to a part."""

from __future__ import annotations

from rdkit import Chem

from sequence_tutor.molecule.chemistry import canonical_smiles, parse, quiet
from sequence_tutor.molecule.designing.part import dummies_of, point_of

_SINGLE = Chem.BondType.SINGLE


def group_of(written: str, points: int = 1) -> Chem.Mol | None:
    """The group that a continuation is: with a plain dummy where it is bonded.

    Args:
        written: SMILES that begins with `*` and, of a linker, ends with it.
        points: how many those are.

    Returns:
        None: it is no molecule, or of several pieces, or is bonded otherwise than by one single
        bond at each point.
    """
    found = None if "." in written else parse(written)
    if found is None:
        return None
    dummies = dummies_of(found)
    if len(dummies) != points or found.GetNumAtoms() == points:
        return None
    for atom in dummies:
        bonds = atom.GetBonds()
        if len(bonds) != 1 or bonds[0].GetBondType() != _SINGLE:
            return None
        if bonds[0].GetOtherAtom(atom).GetAtomicNum() == 0:
            return None
    return found


def joined(molecule: Chem.Mol, point: int, group: Chem.Mol, at: int = 0) -> Chem.Mol | None:
    """A molecule with a group at an attachment point; stereochemistry stays as it is written.

    Args:
        molecule: with points.
        point: number of the one that the group takes.
        group: has points, too.
        at: number of its point that is bonded.

    Returns:
        None: the two cannot be joined.
    """
    left, right = Chem.Mol(molecule), Chem.Mol(group)
    point_of(left, point).SetAtomMapNum(1)
    point_of(right, at).SetAtomMapNum(1)
    with quiet():
        try:
            found = Chem.molzip(left, right)
            Chem.SanitizeMol(found)
        except (ValueError, RuntimeError):  # of RDKit, where valences do not allow it
            return None
    return found


def plain_group(group: Chem.Mol) -> str:
    """The SMILES by which a group is shown, with `*` at its points."""
    shown = Chem.Mol(group)
    for atom in dummies_of(shown):
        atom.SetIsotope(0)
    return canonical_smiles(shown)
