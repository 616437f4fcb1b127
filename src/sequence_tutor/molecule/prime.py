"""Beginnings of SMILES that sampled molecules go on from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import DEFAULT_LIMITS, quiet
from sequence_tutor.molecule.choice import DEFAULT_CHOICE, Choice
from sequence_tutor.molecule.reading import molecule_files, read_molecules
from sequence_tutor.molecule.tokens import split_smiles

_CLOSURE = re.compile(r"\d|%\d\d|%\(\d+\)")


def first_molecule(path: Path, choice: Choice = DEFAULT_CHOICE) -> str:
    """The first SMILES of a file, or the beginning of one.

    Raises:
        UserError: there is none, or no molecule can begin so.
    """
    for file in molecule_files([path]):
        for entry in read_molecules(file, choice):
            where = f"{file} {entry.where}"
            if entry.problem:
                raise UserError(f"{where}: {entry.problem}, expected a SMILES")
            if "*" in entry.smiles:
                raise UserError(
                    f"{where}: {entry.smiles!r} has an attachment point, expected the beginning of "
                    "a SMILES that goes on after its last atom: c1ccc(cc1)C(=O)N in place of "
                    "[*:1]NC(=O)c1ccccc1"
                )
            if not can_begin(entry.smiles):
                raise UserError(f"{where}: no molecule can begin with {entry.smiles!r}")
            return entry.smiles
    raise UserError(f"{path}: no molecule in it, expected one to begin with")


def can_begin(beginning: str) -> bool:
    """Whether any molecule's SMILES begins so.

    Open branches and rings are closed in the simplest ways, of which one must be a SMILES whose
    atoms have possible valences; whether its aromatic rings are any is left open.
    """
    if len(beginning) > DEFAULT_LIMITS.characters:
        return True  # not looked at: whatever is wrong with it, its length is
    with quiet():
        return any(map(_is_possible, _completions(beginning)))


def _is_possible(smiles: str) -> bool:
    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    if molecule is None:
        return False
    flags = Chem.SanitizeFlags.SANITIZE_CLEANUP | Chem.SanitizeFlags.SANITIZE_PROPERTIES
    return Chem.SanitizeMol(molecule, flags, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE


def _completions(beginning: str) -> Iterator[str]:
    """Whole SMILES that begin so, if there are any."""
    for whole in (beginning, *(f"{beginning}{rest}" for rest in ("]", "C]", "0", "10"))):
        tokens = split_smiles(whole)
        branches = ")" * (tokens.count("(") - tokens.count(")"))
        rings: dict[str, str] = {}
        for token in tokens:
            if _CLOSURE.fullmatch(token):
                number = token.strip("%()").lstrip("0") or "0"
                if rings.pop(number, None) is None:
                    rings[number] = token
        closures = "".join(f"CC{token}" for token in rings.values())
        if not closures:
            yield f"{whole}{branches}"
        yield f"{whole}C{closures}{branches}"
        yield f"{whole}{branches}.C{closures}"
