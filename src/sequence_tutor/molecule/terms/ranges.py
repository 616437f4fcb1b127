"""Rules of thumb: ranges of properties that drugs, leads or fragments mostly have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator
from rdkit import Chem

from sequence_tutor.config.settings import nearest
from sequence_tutor.molecule.chemistry import DESCRIPTORS, Molecule, element_counts
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm, SomeTexts

Range = tuple[float, float]
_ANY = math.inf


def _charge(mol: Chem.Mol) -> float:
    return float(Chem.GetFormalCharge(mol))


def _atoms(mol: Chem.Mol) -> float:
    return float(sum(element_counts(mol).values()))


def _carbons(mol: Chem.Mol) -> float:
    return float(element_counts(mol).get("C", 0))


COMPUTED: Mapping[str, Callable[[Chem.Mol], float]] = {
    **DESCRIPTORS,
    "Charge": _charge,
    "Atoms": _atoms,
    "Carbons": _carbons,
}
"""Descriptors of RDKit, the formal charge, all atoms with hydrogens, carbon atoms."""

RULES: Mapping[str, Mapping[str, Range]] = {
    "lipinski": {
        "MolWt": (0, 500),
        "MolLogP": (-_ANY, 5),
        "NHOHCount": (0, 5),
        "NOCount": (0, 10),
    },
    "veber": {"NumRotatableBonds": (0, 10), "TPSA": (0, 140)},
    "ghose": {
        "MolWt": (160, 480),
        "MolLogP": (-0.4, 5.6),
        "MolMR": (40, 130),
        "Atoms": (20, 70),
    },
    "egan": {"TPSA": (0, 131.6), "MolLogP": (-_ANY, 5.88)},
    "muegge": {
        "MolWt": (200, 600),
        "MolLogP": (-2, 5),
        "TPSA": (0, 150),
        "RingCount": (0, 7),
        "Carbons": (5, _ANY),
        "NumHeteroatoms": (2, _ANY),
        "NumRotatableBonds": (0, 15),
        "NumHAcceptors": (0, 10),
        "NumHDonors": (0, 5),
    },
    "reos": {
        "MolWt": (200, 500),
        "MolLogP": (-5, 5),
        "NumHDonors": (0, 5),
        "NumHAcceptors": (0, 10),
        "Charge": (-2, 2),
        "NumRotatableBonds": (0, 8),
        "HeavyAtomCount": (15, 50),
    },
    "three": {
        "MolWt": (0, 300),
        "MolLogP": (-_ANY, 3),
        "NumHDonors": (0, 3),
        "NumHAcceptors": (0, 3),
        "NumRotatableBonds": (0, 3),
        "TPSA": (0, 60),
    },
}
"""Rule -> property -> range, both ends included. logP is Crippen's wherever a rule has another."""


class Ranges(MoleculeTerm):
    """Minus the number of properties outside the ranges of well-known rules of thumb.

    A property that two rules limit counts for each of them.

    >>> from sequence_tutor.molecule.terms import Ranges, raw_number
    >>> raw_number(Ranges(rules="lipinski"), "CC(=O)Oc1ccccc1C(=O)O")  # aspirin
    0.0
    >>> raw_number(Ranges(rules="reos"), "CCO")  # ethanol: too light, too few atoms
    -2.0
    """

    unit: ClassVar[str] = "properties, 0 for none"
    source: ClassVar[str] = (
        "lipinski: Lipinski et al. 1997, https://doi.org/10.1016/S0169-409X(96)00423-1; veber: "
        "Veber et al. 2002, https://doi.org/10.1021/jm020017n; ghose: Ghose et al. 1999, "
        "https://doi.org/10.1021/cc9800071; egan: Egan et al. 2000, "
        "https://doi.org/10.1021/jm000292e; muegge: Muegge et al. 2001, "
        "https://doi.org/10.1021/jm015507e; reos, the ranges of rapid elimination of swill: "
        "Walters and Namchuk 2003, https://doi.org/10.1038/nrd1063; three, of fragments: Congreve "
        "et al. 2003, https://doi.org/10.1016/S1359-6446(03)02831-9"
    )
    kind: Literal["ranges"] = "ranges"
    rules: SomeTexts = Field(("reos",), description=f"any of {', '.join(RULES)}")

    @field_validator("rules")
    @classmethod
    def _known(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for name in rules:
            if name not in RULES:
                raise ValueError(f"unknown rule {name!r}: {nearest(name, RULES)}")
        return rules

    def prepare(self) -> MoleculeFunction:
        """Computes each property once."""
        ranges = [item for rule in dict.fromkeys(self.rules) for item in RULES[rule].items()]
        names = dict.fromkeys(name for name, _ in ranges)

        def of(molecule: Molecule) -> float:
            values = {name: COMPUTED[name](molecule.rdkit) for name in names}
            outside = [name for name, (low, high) in ranges if not low <= values[name] <= high]
            return 0.0 - len(outside)

        return of
