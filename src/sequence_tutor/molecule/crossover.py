"""Crossover of two molecules: a part of one joined to a part of the other.

A molecule is cut at a bond that is in no ring, which leaves two parts with an open bond each, or at
two bonds of one ring, which leaves two parts with two open bonds each.

Source: the definitions of Jensen, A graph-based genetic algorithm and generative model, 2019
(https://doi.org/10.1039/C8SC05372C). Where we differ: of a ring any two bonds may be cut that leave
two parts, not only those with one bond between them.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from rdkit import Chem

from sequence_tutor.molecule.graph_edits import Parent, finished

TRIES = 8
"""Cuts and joins that are tried before a pair is given up."""

IN_RING = 0.5
"""Probability that rings are cut."""

_SINGLE, _DOUBLE = Chem.BondType.SINGLE, Chem.BondType.DOUBLE
_ORDERS = ((_SINGLE, _SINGLE), (_SINGLE, _DOUBLE), (_DOUBLE, _SINGLE))


class Part(NamedTuple):
    """A part of a molecule.

    Attributes:
        molecule: the whole, with the cut bonds removed.
        atoms: numbers of the part's atoms.
        ends: numbers of its atoms with an open bond, one for each cut.
    """

    molecule: Chem.RWMol
    atoms: frozenset[int]
    ends: tuple[int, ...]


def crossed(mother: Parent, father: Parent, random: Random) -> Chem.Mol | None:
    """A child of two molecules; None: none was found."""
    limit = max(mother.largest_ring, father.largest_ring)
    is_ring = random.random() < IN_RING
    cuts = [one.ring_cuts if is_ring else one.chain_cuts for one in (mother, father)]
    if not all(cuts):
        return None
    for _ in range(TRIES):
        left = part_of(mother.loose, random.choice(cuts[0]), random)
        right = part_of(father.loose, random.choice(cuts[1]), random)
        if left is None or right is None:
            continue
        joined = join(left, right, random)
        child = None if joined is None else finished(joined, limit)
        if child is not None:
            return child
    return None


def part_of(molecule: Chem.RWMol, bonds: tuple[int, ...], random: Random) -> Part | None:
    """One of the two parts that a cut leaves; None: it leaves another number."""
    cut = Chem.RWMol(molecule)
    ends = [
        (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
        for bond in (molecule.GetBondWithIdx(number) for number in bonds)
    ]
    for begin, end in ends:
        cut.RemoveBond(begin, end)
    parts = Chem.GetMolFrags(cut)
    if len(parts) != 2:
        return None
    atoms = frozenset(random.choice(parts))
    open_ends = tuple(end for pair in ends for end in pair if end in atoms)
    return Part(cut, atoms, open_ends) if len(open_ends) == len(bonds) else None


def join(left: Part, right: Part, random: Random) -> Chem.RWMol | None:
    """Both parts in one graph; None: two of the same ends would be joined twice."""
    both = Chem.RWMol(Chem.CombineMols(left.molecule, right.molecule))
    shift = left.molecule.GetNumAtoms()
    others = [end + shift for end in right.ends]
    if random.random() < 0.5:
        others.reverse()
    pairs = list(zip(left.ends, others, strict=True))
    if len(set(pairs)) < len(pairs):
        return None
    orders = random.choice(_ORDERS) if len(pairs) == 2 else (_SINGLE,)
    for (one, other), order in zip(pairs, orders, strict=True):
        both.AddBond(one, other, order)
    kept = left.atoms | {atom + shift for atom in right.atoms}
    both.BeginBatchEdit()
    for atom in range(both.GetNumAtoms()):
        if atom not in kept:
            both.RemoveAtom(atom)
    both.CommitBatchEdit()
    return both
