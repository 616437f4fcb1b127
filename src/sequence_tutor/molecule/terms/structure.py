"""Terms of a molecule's structure: similarity, substructures, molecular formula."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator
from rdkit import Chem

from sequence_tutor.errors import UserError, shown
from sequence_tutor.molecule.chemistry import (
    Fingerprint,
    Molecule,
    element_counts,
    fingerprint,
    formula_counts,
    neutral_form,
    parse,
    pattern,
    tanimoto,
)
from sequence_tutor.molecule.reading.entry import Choice
from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm, SomeTexts

MOST_GIVEN = 10_000
"""Molecules that a file may have: each is compared with."""


def _molecules_of(file: Any, column: Any) -> tuple[str, ...]:  # whatever a user's file holds
    """The SMILES of a list, of the column of a table, or of an SD file."""
    if not isinstance(file, str):
        raise ValueError(f"file is {shown(file)}, expected the name of one with molecules")
    if column is not None and not isinstance(column, str):
        raise ValueError(f"column is {shown(column)}, expected the name of one in {file}")
    remarks: list[str] = []
    try:
        (path,) = molecule_files([Path(file)])
        choice = Choice(column, None, remarks.append)
        entries = list(islice(read_molecules(path, choice), MOST_GIVEN + 1))
    except (UserError, ValueError) as error:
        raise ValueError(f"file: {error}") from error
    if remarks and column is None:  # nobody would read the remark of a term
        said = remarks[0].rpartition(";")[0]
        raise ValueError(f"file {said}; choose one of them by column = '...' beside file")
    for entry in entries:
        if entry.problem or parse(entry.smiles) is None:
            why = entry.problem or f"{shown(entry.smiles)} is no valid molecule"
            raise ValueError(f"file {path}, {entry.where}: {why}")
    if not 0 < len(entries) <= MOST_GIVEN:
        some = "more than" if entries else "no molecule in it, expected up to"
        raise ValueError(f"file {path}: {some} {MOST_GIVEN:,} molecules")
    return tuple(entry.smiles for entry in entries)


class Similarity(MoleculeTerm):
    """Tanimoto similarity of Morgan fingerprints to given molecules.

    >>> from sequence_tutor.molecule.terms import Similarity, raw_number
    >>> amine, ammonium = "CC(C)NCCc1ccccc1", "CC(C)[NH2+]CCc1ccccc1"
    >>> round(raw_number(Similarity(smiles=amine), ammonium), 2)
    0.47
    >>> raw_number(Similarity(smiles=amine, neutral=True), ammonium)
    1.0
    """

    source: ClassVar[str] = "Rogers and Hahn 2010, https://doi.org/10.1021/ci100050t"
    unit: ClassVar[str] = "0..1"
    newer: ClassVar[frozenset[str]] = MoleculeTerm.newer | {"neutral"}
    kind: Literal["similarity"] = "similarity"
    smiles: SomeTexts = Field(
        description="the given molecules; file = '...' in their place names a file of them, and "
        "column = '...' beside it which column of a table"
    )
    over: Literal["max", "mean"] = Field("max", description="of several: the nearest, or the mean")
    radius: int = Field(2, ge=0, le=6, description="bonds around each atom; 2: ECFP4")
    bits: int = Field(2048, ge=64, le=65536, description="length of the fingerprint")
    neutral: bool = Field(
        False, description="compare neutral forms, so that protonation makes no difference"
    )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:  # whatever a user's file holds
        """The molecules of `file`, which later commands need not have."""
        if not isinstance(given, dict) or "file" not in given:
            return given
        if "smiles" in given:
            raise ValueError("both smiles and file are given, expected one of them")
        others = {name: value for name, value in given.items() if name not in ("file", "column")}
        return {**others, "smiles": _molecules_of(given["file"], given.get("column"))}

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
        given = [self._print(one) for one in molecules if one is not None]

        def of(molecule: Molecule) -> float:
            found = tanimoto(self._print(molecule.rdkit), given)
            return max(found) if self.over == "max" else sum(found) / len(found)

        return of

    def _print(self, mol: Chem.Mol) -> Fingerprint:
        return fingerprint(neutral_form(mol) if self.neutral else mol, self.radius, self.bits)


class Substructure(MoleculeTerm):
    """1 where a molecule has one of the SMARTS patterns (or where it has none), else 0.

    >>> from sequence_tutor.molecule.terms import Substructure, raw_number
    >>> raw_number(Substructure(smarts="C(=O)[OX2H1]"), "CC(=O)Oc1ccccc1C(=O)O")  # an acid
    1.0
    """

    source: ClassVar[str] = "SMARTS as RDKit matches them"
    unit: ClassVar[str] = "0 or 1"
    kind: Literal["substructure"] = "substructure"
    smarts: SomeTexts = Field(description="the patterns")
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
    """Minus the number of atoms too many or too few for a molecular formula, by element.

    >>> from sequence_tutor.molecule.terms import Isomer, raw_number
    >>> raw_number(Isomer(formula="C9H8O4"), "O=C(O)c1ccccc1O")  # two C, two H, one O too few
    -5.0
    """

    source: ClassVar[str] = "rdkit.Chem.rdMolDescriptors.CalcMolFormula"
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
