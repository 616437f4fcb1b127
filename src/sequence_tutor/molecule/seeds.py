"""Molecules of a user's file that a run begins with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.choice import Choice
from sequence_tutor.molecule.entry import Entry
from sequence_tutor.molecule.reading import molecule_files, read_molecules
from sequence_tutor.molecule.standardise import Standardise
from sequence_tutor.molecule.tokens import Vocabulary, split_smiles

REASONS_SHOWN = 3
USUAL: Standardise = "fragment"
"""How molecules are read where nobody has said it: a prior seldom writes counter-ions."""


def read_seeds(path: Path, vocabulary: Vocabulary, longest: int, choice: Choice) -> list[list[int]]:
    """The molecules of a file in a prior's tokens, each with its end.

    A line that cannot be used is left out; a remark says how many are, and why.

    Args:
        path: the file.
        vocabulary: of the prior.
        longest: most tokens of a molecule, the end token included.
        choice: how the file is read.

    Raises:
        UserError: it has lines and none can be used, or no line at all.
    """
    sequences: list[list[int]] = []
    left_out: Counter[str] = Counter()
    first: dict[str, str] = {}  # reason -> where it was met first
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
    """The tokens of an entry, or why there are none."""
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
