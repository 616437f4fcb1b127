"""Terms of a molecule's structure: similarity, substructures, molecular formula."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator

from sequence_tutor.molecule.chemistry import (
    Molecule,
    element_counts,
    fingerprint,
    formula_counts,
    parse,
    pattern,
    tanimoto,
)
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm


def _listed(given: Any) -> Any:  # whatever a user's file holds
    return (given,) if isinstance(given, str) else given


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]


class Similarity(MoleculeTerm):
    """Tanimoto similarity of Morgan fingerprints to given molecules."""

    unit: ClassVar[str] = "0..1"
    kind: Literal["similarity"] = "similarity"
    smiles: Texts = Field(description="the given molecules")
    over: Literal["max", "mean"] = Field("max", description="of several: the nearest, or the mean")
    radius: int = Field(2, ge=0, le=6, description="bonds around each atom; 2: ECFP4")
    bits: int = Field(2048, ge=64, le=65536, description="length of the fingerprint")

    @field_validator("smiles")
    @classmethod
    def _readable(cls, smiles: tuple[str, ...]) -> tuple[str, ...]:
        for one in smiles:
            if parse(one) is None:
                raise ValueError(f"smiles {one!r} is no valid molecule")
        return smiles

    def prepare(self) -> MoleculeFunction:
        """Compares with fingerprints made once."""
        molecules = (parse(one) for one in self.smiles)
        given = [fingerprint(one, self.radius, self.bits) for one in molecules if one is not None]

        def of(molecule: Molecule) -> float:
            found = tanimoto(fingerprint(molecule.rdkit, self.radius, self.bits), given)
            return max(found) if self.over == "max" else sum(found) / len(found)

        return of


class Substructure(MoleculeTerm):
    """1 where a molecule has one of the SMARTS patterns (or where it has none), else 0."""

    unit: ClassVar[str] = "0 or 1"
    kind: Literal["substructure"] = "substructure"
    smarts: Texts = Field(description="the patterns")
    present: bool = Field(True, description="false: 1 is for molecules with none of the patterns")

    @field_validator("smarts")
    @classmethod
    def _readable(cls, smarts: tuple[str, ...]) -> tuple[str, ...]:
        for one in smarts:
            pattern(one)
        return smarts

    def prepare(self) -> MoleculeFunction:
        """Matches patterns read once."""
        patterns = [pattern(one) for one in self.smarts]

        def of(molecule: Molecule) -> float:
            held = any(molecule.rdkit.HasSubstructMatch(one) for one in patterns)
            return float(held == self.present)

        return of


class Isomer(MoleculeTerm):
    """Minus the number of atoms too many or too few for a molecular formula, by element."""

    unit: ClassVar[str] = "atoms, 0 for an isomer"
    kind: Literal["isomer"] = "isomer"
    formula: str = Field(description="such as C9H8O4; hydrogens count, charge does not")

    @field_validator("formula")
    @classmethod
    def _readable(cls, formula: str) -> str:
        formula_counts(formula)
        return formula

    def prepare(self) -> MoleculeFunction:
        """Compares with counts read once."""
        wanted = formula_counts(self.formula)

        def of(molecule: Molecule) -> float:
            found = element_counts(molecule.rdkit)
            elements = wanted.keys() | found.keys()
            return 0.0 - sum(abs(wanted.get(e, 0) - found.get(e, 0)) for e in elements)

        return of
