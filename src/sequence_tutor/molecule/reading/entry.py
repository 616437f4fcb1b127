"""One entry of a file of molecules, how files are read, and standardised molecules.

    none      as written
    fragment  without counter-ions and solvents; the largest of the remaining parts
    parent    the same, charges neutralised where possible, and without isotopes

Source: M. Swain's MolVS, in RDKit as `rdMolStandardize`; the counter-ions are those of RDKit's
`SaltRemover`. Where we differ: a part with carbon is preferred to a larger one without, and
functional groups and tautomers are not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self, get_args

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.Chem.SaltRemover import SaltRemover

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_smiles, neutral_form, parse, quiet

Standardise = Literal["none", "fragment", "parent"]
_METAL = re.compile(r"\[\d*(?:Li|Na|K|Rb|Cs|Mg|Ca|Sr|Ba)(?![a-z])")

Fields = Sequence[tuple[str, str]]
"""Names and texts of the other data of a molecule."""

LONGEST_LINE = 2**17
"""Characters; no line that is longer holds one molecule."""


@dataclass(frozen=True)
class Entry:
    """One entry of a file.

    Attributes:
        place: number of the line or record, from 1.
        smiles: as written there; empty where `problem` is set.
        problem: why there is no SMILES; else empty.
        name: name of the molecule; else empty.
        fields: the other data, in the order of the file, where asked for.
        unit: what `place` counts.
        is_end: the rest of the file cannot be read.
    """

    place: int
    smiles: str
    problem: str = ""
    name: str = ""
    fields: Fields = ()
    unit: str = "line"
    is_end: bool = False

    @property
    def where(self) -> str:
        """Its position in words."""
        return f"{self.unit} {self.place}"


class ColumnError(UserError):
    """A table has no column of SMILES, or not the chosen one."""


@dataclass(frozen=True)
class Choice:
    """How files are read.

    Attributes:
        column: the column of tables with the SMILES; None: the one whose name contains `smiles`.
        standardise: see `standardise`; None: the default of the purpose.
        remark: called with a sentence for the user, such as which of several columns was read.
    """

    column: str | None = None
    standardise: Standardise | None = None
    remark: Callable[[str], None] = lambda _: None

    @classmethod
    def checked(
        cls, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Self:
        """A choice of a user.

        Raises:
            UserError: unknown standardisation.
        """
        for how in (None, *get_args(Standardise)):
            if standardise == how:
                return cls(column, how, remark)
        raise UserError(
            f"standardise is {standardise!r}, expected one of {', '.join(get_args(Standardise))}"
        )

    def meant(self, smiles: str, usual: Standardise) -> str:
        """The standardised SMILES; by `usual` where nothing was chosen."""
        return standardised(smiles, self.standardise or usual)


DEFAULT_CHOICE = Choice()


def standardised(smiles: str, how: Standardise) -> str:
    """The standardised SMILES; the string itself if it is invalid or nothing changes."""
    if how == "none" or (how == "fragment" and "." not in smiles and not _METAL.search(smiles)):
        return smiles
    molecule = parse(smiles)
    if molecule is None:
        return smiles
    try:
        with quiet():
            found = canonical_smiles(_parent(molecule, neutral=how == "parent"))
    except (ValueError, RuntimeError):  # of RDKit, such as for unusual valences of metals
        return smiles
    return smiles if found == canonical_smiles(molecule) else found


def _parent(molecule: Chem.Mol, *, neutral: bool) -> Chem.Mol:
    whole = (
        _metals().Disconnect(molecule) if _METAL.search(canonical_smiles(molecule)) else molecule
    )
    parts = Chem.GetMolFrags(_salts().StripMol(whole, dontRemoveEverything=True), asMols=True)
    found: Chem.Mol = max(parts, key=_size)
    if neutral:
        for atom in found.GetAtoms():
            atom.SetIsotope(0)
        return Chem.RemoveHs(neutral_form(found))
    return found


def _size(part: Chem.Mol) -> tuple[bool, int, str]:
    """The order by which the largest part is chosen."""
    has_carbon = any(atom.GetAtomicNum() == 6 for atom in part.GetAtoms())
    return has_carbon, part.GetNumHeavyAtoms(), canonical_smiles(part)


@lru_cache(maxsize=1)
def _salts() -> SaltRemover:
    return SaltRemover()


@lru_cache(maxsize=1)
def _metals() -> rdMolStandardize.MetalDisconnector:
    return rdMolStandardize.MetalDisconnector()
