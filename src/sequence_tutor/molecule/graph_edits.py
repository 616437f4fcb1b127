"""Molecular graphs that are edited: taken apart, changed, and checked."""

from __future__ import annotations

from functools import cached_property
from itertools import combinations

from rdkit import Chem

MOST_ATOMS = 60
"""Heavy atoms of a child at most."""

LARGEST_RING = 6
"""Atoms of a child's largest ring at most, unless a parent has a larger one."""

_ALLENE_IN_RING = Chem.MolFromSmarts("[R]=[R]=[R]")
_DOUBLE_IN_SMALL_RING = Chem.MolFromSmarts("[r3,r4]=[r3,r4]")


def loosened(molecule: Chem.Mol) -> Chem.RWMol:
    """A copy to be edited: without aromatic bonds, and with hydrogens that follow from the bonds.

    The geometry of double bonds (E or Z) is lost.
    """
    copy = Chem.RWMol(molecule)
    Chem.Kekulize(copy, clearAromaticFlags=True)
    for atom in copy.GetAtoms():
        atom.SetNoImplicit(False)
        atom.SetNumExplicitHs(0)
    for bond in copy.GetBonds():
        bond.SetStereo(Chem.BondStereo.STEREONONE)
        bond.SetBondDir(Chem.BondDir.NONE)
    return copy


def finished(edited: Chem.RWMol, largest_ring: int) -> Chem.Mol | None:
    """The molecule of an edited graph; None: it is none, or one that nobody would make.

    Refused are wrong valences, several parts, more than `MOST_ATOMS`, rings of more than
    `largest_ring` atoms, double bonds in rings of three or four, and allenes in rings.
    """
    if not 1 < edited.GetNumAtoms() <= MOST_ATOMS:
        return None
    if Chem.SanitizeMol(edited, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    if len(Chem.GetMolFrags(edited)) > 1:
        return None
    rings = edited.GetRingInfo().AtomRings()
    if rings and max(map(len, rings)) > largest_ring:
        return None
    if rings and any(map(edited.HasSubstructMatch, (_ALLENE_IN_RING, _DOUBLE_IN_SMALL_RING))):
        return None
    return edited.GetMol()


class Parent:
    """A molecule that children are made of, with what is computed once for all of them.

    Args:
        molecule: is not changed.
    """

    def __init__(self, molecule: Chem.Mol) -> None:
        self.molecule = molecule

    @cached_property
    def loose(self) -> Chem.RWMol:
        """See `loosened`; to be copied before it is edited."""
        return loosened(self.molecule)

    @cached_property
    def largest_ring(self) -> int:
        """Atoms that a ring of a child may have."""
        rings = map(len, self.molecule.GetRingInfo().AtomRings())
        return max(LARGEST_RING, *rings, 0)

    @cached_property
    def chain_cuts(self) -> list[tuple[int, ...]]:
        """The single bonds in no ring, each as one cut."""
        return [
            (bond.GetIdx(),)
            for bond in self.molecule.GetBonds()
            if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()
        ]

    @cached_property
    def ring_cuts(self) -> list[tuple[int, ...]]:
        """Pairs of bonds of one ring; not all of them leave two parts."""
        rings = self.molecule.GetRingInfo().BondRings()
        return sorted({tuple(sorted(pair)) for ring in rings for pair in combinations(ring, 2)})
