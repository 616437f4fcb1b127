"""Mutation of a molecule: one small edit of its graph.

The seven edits are those of Jensen, A graph-based genetic algorithm and generative model, 2019
(https://doi.org/10.1039/C8SC05372C), where reactions define them: an atom is appended, inserted
in a bond, removed, or changed to another element; a bond gets another order; a ring is closed or
opened.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from rdkit import Chem

from sequence_tutor.molecule.graph_edits import Parent, finished

TRIES = 8
"""Edits that are tried before a molecule is given up."""

ELEMENTS = ("C", "N", "O", "S", "F", "Cl", "Br")
WEIGHTS = (8, 4, 4, 1, 1, 1, 1)
"""How often each element is drawn, relative to the others."""

RING = range(3, 7)
"""Atoms of a ring that is closed."""

_ORDERS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)


def mutated(parent: Parent, random: Random) -> Chem.Mol | None:
    """Another molecule; None: none was found."""
    for _ in range(TRIES):
        edited = Chem.RWMol(parent.loose)
        if not random.choice(EDITS)(edited, random):
            continue
        child = finished(edited, parent.largest_ring)
        if child is not None:
            return child
    return None


def append_atom(molecule: Chem.RWMol, random: Random) -> bool:
    """Bond a new atom to one that is there; whether it was possible, as all edits return."""
    place = random.randrange(molecule.GetNumAtoms())
    new = molecule.AddAtom(_drawn(random))
    molecule.AddBond(place, new, random.choices(_ORDERS, (6, 2, 1))[0])
    return True


def insert_atom(molecule: Chem.RWMol, random: Random) -> bool:
    """Put an atom between two."""
    if not molecule.GetNumBonds():
        return False
    begin, end = _ends(molecule, random)
    molecule.RemoveBond(begin, end)
    new = molecule.AddAtom(_drawn(random))
    for place in (begin, end):
        molecule.AddBond(place, new, Chem.BondType.SINGLE)
    return True


def remove_atom(molecule: Chem.RWMol, random: Random) -> bool:
    """Remove an atom and join its neighbours to the first of them, which all molecules survive."""
    atom = molecule.GetAtomWithIdx(random.randrange(molecule.GetNumAtoms()))
    neighbours = [one.GetIdx() for one in atom.GetNeighbors()]
    if len(neighbours) > 1:
        random.shuffle(neighbours)
        first = neighbours[0]
        for place in neighbours[1:]:
            if molecule.GetBondBetweenAtoms(first, place) is None:
                molecule.AddBond(first, place, Chem.BondType.SINGLE)
    molecule.RemoveAtom(atom.GetIdx())
    return True


def change_atom(molecule: Chem.RWMol, random: Random) -> bool:
    """Change the element of an atom; it loses its charge."""
    place = random.randrange(molecule.GetNumAtoms())
    new = _drawn(random)
    if molecule.GetAtomWithIdx(place).GetSymbol() == new.GetSymbol():
        return False
    molecule.ReplaceAtom(place, new)
    return True


def change_bond(molecule: Chem.RWMol, random: Random) -> bool:
    """Give a bond another order."""
    if not molecule.GetNumBonds():
        return False
    bond = molecule.GetBondWithIdx(random.randrange(molecule.GetNumBonds()))
    bond.SetBondType(random.choice([one for one in _ORDERS if one != bond.GetBondType()]))
    return True


def close_ring(molecule: Chem.RWMol, random: Random) -> bool:
    """Bond two atoms that make a ring of three to six atoms."""
    distances = Chem.GetDistanceMatrix(molecule)
    place = random.randrange(molecule.GetNumAtoms())
    near = [
        other for other, steps in enumerate(distances[place].tolist()) if int(steps) + 1 in RING
    ]
    if not near:
        return False
    molecule.AddBond(place, random.choice(near), Chem.BondType.SINGLE)
    return True


def open_ring(molecule: Chem.RWMol, random: Random) -> bool:
    """Remove a bond of a ring."""
    bonds = sorted({bond for ring in molecule.GetRingInfo().BondRings() for bond in ring})
    if not bonds:
        return False
    bond = molecule.GetBondWithIdx(random.choice(bonds))
    molecule.RemoveBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
    return True


EDITS: tuple[Callable[[Chem.RWMol, Random], bool], ...] = (
    append_atom,
    insert_atom,
    remove_atom,
    change_atom,
    change_bond,
    close_ring,
    open_ring,
)


def _drawn(random: Random) -> Chem.Atom:
    """A new atom of a random element."""
    return Chem.Atom(random.choices(ELEMENTS, WEIGHTS)[0])


def _ends(molecule: Chem.RWMol, random: Random) -> tuple[int, int]:
    """The two atoms of a random bond."""
    bond = molecule.GetBondWithIdx(random.randrange(molecule.GetNumBonds()))
    return bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
