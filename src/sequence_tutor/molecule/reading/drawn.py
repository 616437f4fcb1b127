"""One structure as it is drawn or to be drawn, with RDKit's reason where it is no molecule.

Unlike seeds, a structure is not standardised, may have attachment points, and need not be one that
a prior can write.

Source of the format: CTfile Formats, BIOVIA 2020: connection tables in V2000 and V3000.
"""

from __future__ import annotations

from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdDepictor

from sequence_tutor.errors import UserError, printable, shown
from sequence_tutor.molecule.chemistry import (
    DEFAULT_LIMITS,
    canonical_smiles,
    parse,
    quiet,
    ring_closures,
)

LONGEST_MOLFILE = 2**17
"""Characters; a structure within the limits of SMILES has fewer than 20,000."""

_TABLE_END = "M  END"
_HEADER_LINES = 3
_BONDS = (
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.AROMATIC,  # becomes single and double bonds in a molfile
)


class Drawing(NamedTuple):
    """A structure.

    Attributes:
        smiles: canonical, with stereochemistry.
        molfile: MDL molfile in V2000 with coordinates in two dimensions; a bond is 1.5 long.
    """

    smiles: str
    molfile: str


def drawing_of_smiles(text: str) -> Drawing:
    """The structure of a SMILES string.

    Raises:
        UserError: it is no molecule, too large, or has bonds of other kinds.
    """
    smiles = text.strip()
    if len(smiles) > DEFAULT_LIMITS.characters:
        raise UserError(
            f"{len(smiles)} characters, expected a SMILES of {DEFAULT_LIMITS.characters} at most"
        )
    if not (smiles.isascii() and smiles.isprintable()) or " " in smiles:
        raise UserError(f"{shown(smiles)} has characters that no SMILES has")
    if ring_closures(smiles) > DEFAULT_LIMITS.ring_closures:
        raise UserError(f"more than {DEFAULT_LIMITS.ring_closures} rings")
    with quiet():
        _check(Chem.MolFromSmiles(smiles, sanitize=False), f"{shown(smiles)}", "SMILES")
    return _drawing(smiles)


def drawing_of_molfile(text: str) -> Drawing:
    """The structure of a molfile, or of the first record of an SD file; laid out anew.

    Raises:
        UserError: it is no molecule, too large, or has bonds of other kinds.
    """
    if len(text) > LONGEST_MOLFILE:
        raise UserError(f"{len(text)} characters, expected a molfile of {LONGEST_MOLFILE} at most")
    head, end, _ = text.partition(f"\n{_TABLE_END}")
    if not end or "\0" in head or head.count("\n") < _HEADER_LINES:
        raise UserError(f"no molfile, expected its counts on the fourth line and {_TABLE_END}")
    block = f"{head}{end}\n"
    with quiet():
        _check(_of_block(block, sanitize=False), "the structure", "a molfile")
        found = _of_block(block)
        if found is None:
            raise UserError("RDKit finds no molecule in the structure")
        smiles = canonical_smiles(found)
    return _drawing(smiles)


def _of_block(block: str, *, sanitize: bool = True) -> Chem.Mol | None:
    try:
        return Chem.MolFromMolBlock(block, sanitize=sanitize)
    except (ValueError, RuntimeError):  # of RDKit, for damaged blocks
        return None


def _check(raw: Chem.Mol | None, what: str, kind: str) -> None:
    """Refuse what is no molecule or beyond the limits, before anything else is computed of it.

    Raises:
        UserError: so; with RDKit's reason.
    """
    if raw is None:
        raise UserError(f"{what} cannot be read as {kind}")
    if not raw.GetNumAtoms():
        raise UserError(f"{what} has no atoms")
    # hydrogens that are drawn count here
    if raw.GetNumAtoms() > DEFAULT_LIMITS.heavy_atoms:
        raise UserError(f"{what} has more than {DEFAULT_LIMITS.heavy_atoms} atoms")
    if raw.GetNumBonds() - raw.GetNumAtoms() >= DEFAULT_LIMITS.ring_closures:
        raise UserError(f"{what} has more than {DEFAULT_LIMITS.ring_closures} rings")
    problems = Chem.DetectChemistryProblems(raw)
    if problems:
        reason = printable(problems[0].Message().split("\n")[0].strip())
        raise UserError(f"{what} is no molecule: {reason}")


def _drawing(smiles: str) -> Drawing:
    molecule = parse(smiles)
    if molecule is None:
        raise UserError(f"{shown(smiles)} is no molecule within the limits of SMILES")
    if any(bond.GetBondType() not in _BONDS for bond in molecule.GetBonds()):
        raise UserError(f"{shown(smiles)} has bonds that are not single, double or triple")
    with quiet():
        canonical = canonical_smiles(molecule)
        rdDepictor.Compute2DCoords(molecule)
        return Drawing(canonical, Chem.MolToMolBlock(molecule))
