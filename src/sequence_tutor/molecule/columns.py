"""Which column of a table holds the SMILES, and which the names of the molecules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sequence_tutor.config.settings import nearest
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.entry import ColumnError

_SMILES = ("smiles", "canonicalsmiles", "isomericsmiles")
"""Names of columns, without capitals and marks, from the best to the least."""

_NAMES = ("name", "id", "title", "identifier", "compound", "compoundname", "moleculename")
_NAME_END = re.compile(r"(?:^|[\W_])(?:id|name|ID|Id|Name)$|[a-z](?:ID|Id|Name)$")  # not of "valid"
_NO_LETTERS = re.compile(r"[\W_]+")


def speaks_of_smiles(name: str) -> bool:
    """Whether a heading may be that of a column of SMILES."""
    return "smiles" in name.lower()


def is_called_smiles(name: str) -> bool:
    """Whether a heading is one of those that such a column usually has."""
    return _plain(name) in _SMILES


def smiles_columns(names: Sequence[str]) -> list[int]:
    """The columns whose names speak of SMILES, the best first.

    One that is called exactly so comes first, then canonical SMILES, then isomeric ones, then
    those of whatever else, such as `fragment_smiles`, as they stand.
    """

    def rank(place: int) -> int:
        plain = _plain(names[place])
        return _SMILES.index(plain) if plain in _SMILES else len(_SMILES)

    return sorted((place for place, name in enumerate(names) if speaks_of_smiles(name)), key=rank)


def chosen_column(path: Path, place: int, names: Sequence[str], asked: str | None) -> int:
    """The place of the column with the SMILES.

    Args:
        path: the file, for the message.
        place: line of the header.
        names: of the columns.
        asked: the user's choice; capitals count only where two names differ by them alone.

    Raises:
        ColumnError: there is none.
    """
    if asked is None:
        found = smiles_columns(names)
    else:
        found = [place for place, name in enumerate(names) if name == asked]
        alike = [place for place, name in enumerate(names) if name.lower() == asked.lower()]
        found = found or (alike if len(alike) == 1 else [])
    if found:
        return found[0]
    has = f"{path} line {place}: columns {', '.join(map(repr, names)) or 'none'}"
    if asked is not None:
        raise ColumnError(f"{has}, expected a column {asked!r}: {nearest(asked, names)}")
    if any(parse(name) is not None and len(name) > 2 for name in names):
        raise ColumnError(
            f"{has}, which are molecules, expected a header; put one such as 'smiles' above them"
        )
    raise ColumnError(
        f"{has}, expected a column whose name holds 'smiles'; rename the right one, or name it by "
        "--column"
    )


def name_column(names: Sequence[str], but: int) -> int | None:
    """The column that names the molecules, which is not column `but`; None: there is none."""
    plain = [_plain(name) for name in names]
    for wanted in _NAMES:
        if wanted in plain and plain.index(wanted) != but:
            return plain.index(wanted)
    ends = (place for place, name in enumerate(names) if _NAME_END.search(name) and place != but)
    return next(ends, None)


def several_columns(path: Path, names: Sequence[str], wanted: int) -> str:
    """A sentence that says which column was taken; empty where there was no choice."""
    others = [names[place] for place in smiles_columns(names) if place != wanted]
    if not others:
        return ""
    return (
        f"{path}: SMILES are those of column {names[wanted]!r}, not of "
        f"{', '.join(map(repr, others))}; --column names another"
    )


def unique_names(names: Sequence[str]) -> list[str]:
    """The names of columns, so that each is there once and none is empty."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        wanted = name or f"column_{place}"
        number = 2
        unique = wanted
        while unique in found:
            unique, number = f"{wanted}_{number}", number + 1
        found.append(unique)
    return found


def _plain(name: str) -> str:
    return _NO_LETTERS.sub("", name).lower()
