"""Parts of molecules with attachment points, as a user writes them.

An attachment point is an atom `*` with one single bond: `[*]c1ccncc1`. Several may be numbered, as
`[*:1]` or `[1*]`; without numbers they are counted as they are written.

Inside this package every point is a dummy atom whose isotope is its number.
"""

from __future__ import annotations

from collections import Counter

from rdkit import Chem

from sequence_tutor.errors import UserError, shown
from sequence_tutor.molecule.chemistry import has_radicals, parse, quiet

EXAMPLE = "[*]c1ccncc1"

NO_RINGS = (
    "each group has one bond to the part, so that rings fused to it, spiro or bridged, are not "
    "designed; put the ring into the part, and a point on the ring"
)

_SINGLE = Chem.BondType.SINGLE


class Part:
    """A connected part of a molecule with one attachment point or more.

    Args:
        smiles: as the user wrote it.
        option: how the user gave it, for messages.

    Attributes:
        molecule: its graph; the points are dummy atoms with isotopes 1, 2, ...
        points: their number.

    Raises:
        UserError: it is no such part.
    """

    def __init__(self, smiles: str, option: str = "scaffold") -> None:
        self.smiles, self.option = smiles, option
        found = parse(smiles)
        if found is None:
            raise self._refusal(f"cannot be read as SMILES, expected such as {EXAMPLE}")
        molecule = Chem.RWMol(found)
        self._check(molecule)
        dummies = sorted(dummies_of(molecule), key=_written)
        numbers = Counter(number for atom in dummies if (number := atom.GetAtomMapNum()))
        for number, times in numbers.items():
            if times > 1:
                raise self._refusal(
                    f"has {times} points with the number {number}, expected one: {NO_RINGS}"
                )
        for atom in molecule.GetAtoms():
            atom.SetAtomMapNum(0)
        for number, atom in enumerate(dummies, start=1):
            atom.SetIsotope(number)
        self.molecule: Chem.Mol = molecule.GetMol()
        self.points = len(dummies)
        self._query = _query_of(self.molecule)

    def is_in(self, molecule: Chem.Mol) -> bool:
        """Whether a molecule contains the part, unchanged, and at each point one more atom.

        Unchanged means: elements, charges, hydrogens, bonds, aromatic atoms and stereocentres, and
        no other bonds than at the points. A molecule with hydrogen at a point does not have it.
        """
        return bool(molecule.HasSubstructMatch(self._query, useChirality=True))

    def _check(self, molecule: Chem.Mol) -> None:
        if len(Chem.GetMolFrags(molecule)) > 1:
            raise self._refusal("is of several pieces, expected a connected one")
        dummies = dummies_of(molecule)
        if not dummies:
            raise self._refusal(
                f"has no attachment point, expected one or more written as [*], such as {EXAMPLE}"
            )
        if len(dummies) == molecule.GetNumAtoms():
            raise self._refusal("has no atom beside its attachment points")
        for atom in dummies:
            bonds = atom.GetBonds()
            if len(bonds) > 1:
                raise self._refusal(
                    f"has an attachment point with {len(bonds)} bonds, expected one: {NO_RINGS}"
                )
            if len(bonds) != 1 or bonds[0].GetBondType() != _SINGLE or atom.GetTotalNumHs():
                raise self._refusal(
                    "has an attachment point with another bond than one single bond, expected "
                    f"such as {EXAMPLE}"
                )
            if bonds[0].GetOtherAtom(atom).GetAtomicNum() == 0:
                raise self._refusal("has two attachment points that are bonded to each other")
            if atom.GetFormalCharge():
                raise self._refusal("has an attachment point with a charge, expected it on an atom")
        if has_radicals(molecule):
            raise self._refusal(
                "has an atom that lacks a bond or a hydrogen: a radical, expected a point [*] there"
            )

    def _refusal(self, what: str) -> UserError:
        return UserError(f"{self.option} {shown(self.smiles)} {what}")


def read_ends(smiles: str) -> tuple[Part, Part]:
    """Two parts with one point each, written `A[*].B[*]`.

    Raises:
        UserError: they are not two, or one is no such part.
    """
    pieces = smiles.split(".")
    if len(pieces) != 2:
        several = "one piece" if len(pieces) == 1 else f"{len(pieces)} pieces"
        raise UserError(
            f"ends {shown(smiles)} has {several}, expected two with a dot between them, such as "
            "[*]c1ccncc1.[*]N1CCOCC1"
        )
    first, second = (Part(piece, "ends: piece") for piece in pieces)
    for part in (first, second):
        if part.points > 1:
            raise UserError(
                f"ends: piece {shown(part.smiles)} has {part.points} attachment points, expected "
                "one, where the linker begins"
            )
    return first, second


def dummies_of(molecule: Chem.Mol) -> list[Chem.Atom]:
    """The attachment points of a molecule."""
    return [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]


def point_of(molecule: Chem.Mol, number: int) -> Chem.Atom:
    """The attachment point with this number."""
    return next(atom for atom in dummies_of(molecule) if atom.GetIsotope() == number)


def _written(dummy: Chem.Atom) -> tuple[bool, int, int]:
    """The order of attachment points: by their numbers, those without after them."""
    number = dummy.GetAtomMapNum() or dummy.GetIsotope()
    return not number, number, dummy.GetIdx()


def _query_of(molecule: Chem.Mol) -> Chem.Mol:
    """A pattern that only the part itself matches."""
    query = Chem.RWMol(molecule)
    with quiet():
        for atom in molecule.GetAtoms():
            pattern = Chem.AtomFromSmarts(_pattern_of(atom))
            pattern.SetChiralTag(atom.GetChiralTag())
            query.ReplaceAtom(atom.GetIdx(), pattern)
    return query.GetMol()


def _pattern_of(atom: Chem.Atom) -> str:
    if atom.GetAtomicNum() == 0:
        return "[!#1]"
    aromatic = "a" if atom.GetIsAromatic() else "A"
    isotope = f"{atom.GetIsotope()}*&" if atom.GetIsotope() else ""
    return (
        f"[{isotope}#{atom.GetAtomicNum()}&{aromatic}&{atom.GetFormalCharge():+d}"
        f"&H{atom.GetTotalNumHs()}&D{atom.GetDegree()}]"
    )
