"""Any descriptor of RDKit as a term, by RDKit's own name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from sequence_tutor.molecule.chemistry import DESCRIPTORS, Molecule
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm


class Descriptor(MoleculeTerm):
    """A descriptor of RDKit by its name there, such as TPSA, MolWt or NumRotatableBonds."""

    unit: ClassVar[str] = "the descriptor's own"
    kind: Literal["descriptor"] = "descriptor"
    descriptor: str = Field(description="a name of rdkit.Chem.Descriptors.descList")

    @field_validator("descriptor")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in DESCRIPTORS:
            raise ValueError(f"unknown descriptor {name!r}: {_near(name)}")
        return name

    def prepare(self) -> MoleculeFunction:
        """RDKit's function."""
        function = DESCRIPTORS[self.descriptor]

        def of(molecule: Molecule) -> float:
            return float(function(molecule.rdkit))

        return of


def _near(name: str) -> str:
    """The nearest name, whatever its case; there are too many to list them."""
    by_lower = {known.lower(): known for known in DESCRIPTORS}
    close = get_close_matches(name.lower(), by_lower, n=1)
    if close:
        return f"did you mean {by_lower[close[0]]!r}?"
    return "expected a name of rdkit.Chem.Descriptors.descList"
