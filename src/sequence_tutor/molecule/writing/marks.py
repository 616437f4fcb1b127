"""Atoms that a reward's patterns match, to be marked in drawings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rdkit import Chem

from sequence_tutor.molecule.chemistry import pattern, quiet
from sequence_tutor.molecule.terms import Alerts, Substructure, Term
from sequence_tutor.molecule.terms.alerts import catalogue_of


@dataclass(frozen=True)
class Marked:
    """What was found in a molecule.

    Attributes:
        wanted: atoms of patterns that the reward asks for.
        unwanted: atoms of patterns and alerts that it is against.
        found: names of the terms, and of the alerts.
    """

    wanted: frozenset[int] = frozenset()
    unwanted: frozenset[int] = frozenset()
    found: tuple[str, ...] = field(default=())


NOTHING = Marked()


class Marks:
    """Finds the atoms of the terms `substructure` and `alerts` among some terms.

    Args:
        terms: name -> term; other kinds are left out.
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self._patterns = [
            (name, term.present, [pattern(one) for one in term.smarts])
            for name, term in terms.items()
            if isinstance(term, Substructure)
        ]
        alerts = [term.lists for term in terms.values() if isinstance(term, Alerts)]
        self._catalogues = [catalogue_of(lists) for lists in alerts]

    def of(self, mol: Chem.Mol) -> Marked:
        """What is found in a molecule."""
        atoms: dict[bool, set[int]] = {True: set(), False: set()}
        names: list[str] = []
        with quiet():
            for name, is_wanted, patterns in self._patterns:
                matched = set(_matched(mol, patterns))
                atoms[is_wanted] |= matched
                names += [name] if matched else []
            for catalogue in self._catalogues:
                for entry in catalogue.GetMatches(mol):
                    names.append(entry.GetDescription())
                    for match in entry.GetFilterMatches(mol):
                        atoms[False] |= {atom for _, atom in match.atomPairs}
        wanted = atoms[True] - atoms[False]  # what is unwanted is seen in any case
        return Marked(frozenset(wanted), frozenset(atoms[False]), tuple(dict.fromkeys(names)))


def _matched(mol: Chem.Mol, patterns: Iterable[Chem.Mol]) -> Iterator[int]:
    for one in patterns:
        for match in mol.GetSubstructMatches(one):
            yield from match
