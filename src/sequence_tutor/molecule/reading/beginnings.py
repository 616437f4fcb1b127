"""A run's seeds, molecules of a user's file, and its prime, the beginning of a SMILES."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import DEFAULT_LIMITS, parse, quiet
from sequence_tutor.molecule.reading.entry import DEFAULT_CHOICE, Choice, Entry, Standardise
from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules
from sequence_tutor.molecule.tokens import Vocabulary, split_smiles

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
                    "[*:1]NC(=O)c1ccccc1, or that part with --scaffold"
                )
            if not can_begin(entry.smiles):
                raise UserError(f"{where}: no molecule can begin with {entry.smiles!r}")
            return entry.smiles
    raise UserError(f"{path}: no molecule in it, expected one to begin with")


def can_begin(beginning: str) -> bool:
    """Whether any molecule's SMILES begins so.

    Open branches and rings are closed in the simplest ways, one of which must be a SMILES with
    possible valences. Its aromatic rings are not checked.
    """
    if len(beginning) > DEFAULT_LIMITS.characters:
        return True  # not checked: it will be refused for its length
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


REASONS_SHOWN = 3
USUAL: Standardise = "fragment"
"""Standardisation of seeds by default: a prior seldom writes counter-ions."""


def read_seeds(path: Path, vocabulary: Vocabulary, longest: int, choice: Choice) -> list[list[int]]:
    """The molecules of a file in a prior's tokens, each with its end token.

    Entries that cannot be used, such as molecules of more than `longest` tokens with the end token,
    are left out; a remark gives their number and the reasons.

    Raises:
        UserError: no entry can be used.
    """
    sequences: list[list[int]] = []
    left_out: Counter[str] = Counter()
    first: dict[str, str] = {}  # reason -> its first entry
    for file in molecule_files([path]):
        for entry in read_molecules(file, choice):
            found = _encoded(entry, vocabulary, longest, choice)
            if isinstance(found, list):
                sequences.append(found)
            else:
                left_out[found] += 1
                where = entry.where if file == path else f"{file} {entry.where}"
                first.setdefault(found, where)
    count = left_out.total()
    reasons = "; ".join(
        f"{why} ({number}, first {first[why]})"
        for why, number in left_out.most_common(REASONS_SHOWN)
    )
    if not sequences:
        raise UserError(
            f"{path}: no molecule in it that this prior can begin with"
            + (f", of {count}: {reasons}" if count else ", expected at least one")
        )
    if count:
        choice.remark(
            f"{path}: {count} of {count + len(sequences)} molecules are left out: {reasons}"
        )
    return sequences


def _encoded(entry: Entry, vocabulary: Vocabulary, longest: int, choice: Choice) -> list[int] | str:
    """The tokens of an entry, or the reason why there are none."""
    if entry.problem:
        return entry.problem
    smiles = choice.meant(entry.smiles, USUAL)
    if parse(smiles) is None:
        return "no valid molecule"
    pieces = split_smiles(smiles, vocabulary.tokeniser)
    if len(pieces) >= longest:
        return f"more than {longest - 1} tokens"
    try:
        return vocabulary.encode_pieces(pieces, end=True)
    except KeyError as missing:
        return f"token {missing.args[0]!r} is unknown to this prior"
