"""Any descriptor of RDKit as a term, by its name in RDKit."""

from __future__ import annotations

from difflib import get_close_matches
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm

_EXPECTED = "a name of rdkit.Chem.Descriptors.descList"


class Descriptor(MoleculeTerm):
    """A descriptor of RDKit by its name, such as TPSA, MolWt or NumRotatableBonds."""

    unit: ClassVar[str] = "the descriptor's own"
    kind: Literal["descriptor"] = "descriptor"
    descriptor: str = Field(description=_EXPECTED)

    @field_validator("descriptor")
    @classmethod
    def _known(cls, name: str) -> str:
        if name in DESCRIPTORS:
            return name
        by_lower = {known.lower(): known for known in DESCRIPTORS}
        close = get_close_matches(name.lower(), by_lower, n=1)  # in any case; too many to list
        near = f"did you mean {by_lower[close[0]]!r}?" if close else f"expected {_EXPECTED}"
        raise ValueError(f"unknown descriptor {name!r}: {near}")

    def prepare(self) -> MoleculeFunction:
        """RDKit's function."""
        function = DESCRIPTORS[self.descriptor]
        return lambda molecule: float(function(molecule.rdkit))
