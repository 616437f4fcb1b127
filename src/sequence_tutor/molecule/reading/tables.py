"""Tables of molecules: rows of cells below a header, with any of several separators."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from sequence_tutor.config.settings import nearest
from sequence_tutor.foreign import Line
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.reading.entry import Choice, ColumnError, Entry

SEPARATORS = (",", ";", "\t", "|")
"""Between cells; spreadsheets choose one by the country of their settings."""

LONGEST_ROW = 2**22
"""Characters of a line; thousands of descriptors fit."""

_SMILES = ("smiles", "canonicalsmiles", "isomericsmiles")
"""Usual names of a column of SMILES, without capitals and punctuation, the best first."""

_NAMES = ("name", "id", "title", "identifier", "compound", "compoundname", "moleculename")
_NAME_END = re.compile(r"(?:^|[\W_])(?:id|name|ID|Id|Name)$|[a-z](?:ID|Id|Name)$")  # not of "valid"
_NO_LETTERS = re.compile(r"[\W_]+")
_LINES_OF_ROW = 1000  # most lines of a row with line breaks in quotes
_EXCEL_SEPARATOR = re.compile(r'"?sep=([,;|\t])"?')  # above the header


class TableColumns:
    """The columns of a table, whose header is in line `line`.

    `choice.remark` is called if there were several columns of SMILES.

    Raises:
        ColumnError: there is no such column, or no column of SMILES.
    """

    def __init__(self, path: Path, line: int, names: Sequence[str], choice: Choice) -> None:
        names = [name.strip() for name in names]
        self.wanted = _chosen_column(path, line, names, choice.column)
        if others := [names[place] for place in _smiles_columns(names) if place != self.wanted]:
            choice.remark(
                f"{path}: SMILES are those of column {names[self.wanted]!r}, not of "
                f"{', '.join(map(repr, others))}; --column names another"
            )
        self.names = unique_names(names)
        self._title = _name_column(names, self.wanted)

    def entry(self, line: int, row: Sequence[str], *, details: bool) -> Entry:
        """The entry of a row."""
        cell = row[self.wanted] if len(row) > self.wanted else ""
        smiles = cell.partition(" |")[0].strip()  # ChemAxon's extensions follow the bar
        problem = "" if smiles else f"no value in column {self.names[self.wanted]!r}"
        if not details:
            return Entry(line, smiles, problem)
        names = [*self.names, *(f"column_{n}" for n in range(len(self.names) + 1, len(row) + 1))]
        fields = [pair for n, pair in enumerate(zip(names, row, strict=False)) if n != self.wanted]
        has_title = self._title is not None and self._title < len(row)
        name = row[self._title].strip() if self._title is not None and has_title else ""
        return Entry(line, smiles, problem, name, fields)


def table_entries(
    path: Path, lines: Iterator[Line], usual: str, choice: Choice, *, details: bool
) -> Iterator[Entry]:
    """The entries of a table; with `details`, names and the other columns too.

    `usual` is the separator that the file's suffix suggests.

    Raises:
        ColumnError: there is no header, or no such column in it.
    """
    header = _header(lines)
    if header is not None and (named := _EXCEL_SEPARATOR.fullmatch(header.text)):
        usual, header = named[1], _header(lines)
    if header is None:
        return
    if header.problem or "\0" in header.text:
        what = header.problem or "no text in UTF-8; save the table as CSV in UTF-8"
        raise ColumnError(f"{path} line {header.number}: {what}, expected the header of a table")
    try:
        separator = _separator(header.text, usual, choice.column)
        names = next(csv.reader([header.text], delimiter=separator), [])
    except csv.Error as error:
        raise ColumnError(
            f"{path} line {header.number}: not the header of a table ({error})"
        ) from error
    columns = TableColumns(path, header.number, names, choice)
    for line, row, problem in _rows(lines, separator):
        if problem:
            yield Entry(line, "", problem)
        elif any(cell.strip() for cell in row):
            yield columns.entry(line, row, details=details)


def names_smiles(name: str) -> bool:
    """Whether the name of a column contains `smiles`."""
    return "smiles" in name.lower()


def unique_names(names: Sequence[str]) -> list[str]:
    """The names of columns, made unique and not empty."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        wanted = unique = name or f"column_{place}"
        number = 2
        while unique in found:
            unique, number = f"{wanted}_{number}", number + 1
        found.append(unique)
    return found


def _plain(name: str) -> str:
    return _NO_LETTERS.sub("", name).lower()


def _smiles_columns(names: Sequence[str]) -> list[int]:
    """The columns whose names contain `smiles`: the usual names first, then others in order."""

    def rank(place: int) -> int:
        plain = _plain(names[place])
        return _SMILES.index(plain) if plain in _SMILES else len(_SMILES)

    return sorted((place for place, name in enumerate(names) if names_smiles(name)), key=rank)


def _chosen_column(path: Path, line: int, names: Sequence[str], asked: str | None) -> int:
    """The column with the SMILES; the case of `asked` matters only where two names need it."""
    if asked is None:
        found = _smiles_columns(names)
    else:
        found = [place for place, name in enumerate(names) if name == asked]
        alike = [place for place, name in enumerate(names) if name.lower() == asked.lower()]
        found = found or (alike if len(alike) == 1 else [])
    if found:
        return found[0]
    has = f"{path} line {line}: columns {', '.join(map(repr, names)) or 'none'}"
    if asked is not None:
        raise ColumnError(f"{has}, none of them {asked!r}: {nearest(asked, names)}")
    if any(parse(name) is not None and len(name) > 2 for name in names):
        raise ColumnError(
            f"{has}, which are molecules, expected a header; put one such as 'smiles' above them"
        )
    raise ColumnError(
        f"{has}, expected a column whose name holds 'smiles'; rename the right one, or name it by "
        "--column (`column` in a settings file)"
    )


def _name_column(names: Sequence[str], but: int) -> int | None:
    """The column that names the molecules, other than column `but`; None: there is none."""
    plain = [_plain(name) for name in names]
    for wanted in _NAMES:
        if wanted in plain and plain.index(wanted) != but:
            return plain.index(wanted)
    ends = (place for place, name in enumerate(names) if _NAME_END.search(name) and place != but)
    return next(ends, None)


def _header(lines: Iterator[Line]) -> Line | None:
    """The first line that is neither blank nor a comment."""
    for line in lines:
        is_comment = line.text.startswith("#") and not names_smiles(line.text)
        if line.problem or (line.text.strip() and not is_comment):
            return line
    return None


def _separator(header: str, usual: str, asked: str | None) -> str:
    """The separator that gives a header a column of SMILES, else the most frequent one.

    Raises:
        csv.Error: the header cannot be split.
    """
    by_count = sorted(SEPARATORS, key=lambda one: (-header.count(one), one != usual))
    split = {
        one: [name.strip() for name in next(csv.reader([header], delimiter=one), [])]
        for one in by_count
    }
    for fits in (lambda name: _plain(name) in _SMILES, names_smiles):
        for separator, names in split.items():
            if asked in names if asked is not None else any(map(fits, names)):
                return separator
    return by_count[0]


def _rows(lines: Iterator[Line], separator: str) -> Iterator[tuple[int, list[str], str]]:
    """Line number, cells and problem of each row; a cell in quotes may have several lines.

    If a quote is not closed, or closed by one of a later row, the row is its first line only and
    the following lines are read as rows of their own.
    """
    waiting: deque[Line] = deque()

    def fed(taken: list[Line]) -> Iterator[str]:
        while len(taken) < _LINES_OF_ROW:
            line = waiting.popleft() if waiting else next(lines, None)
            if line is None:
                return
            taken.append(line)
            if line.problem:
                return
            yield line.text + "\n"

    while True:
        taken: list[Line] = []
        try:
            row = next(csv.reader(fed(taken), delimiter=separator, strict=True), None)
        except csv.Error:
            row = None
        if not taken:
            return
        if row is not None and not taken[-1].problem:
            yield taken[-1].number, row, ""
            continue
        first, *others = taken
        waiting.extendleft(reversed(others))
        cells: list[str] = []
        problem = first.problem
        if not problem:
            try:
                cells = next(csv.reader([first.text], delimiter=separator), [])
            except csv.Error as error:
                problem = f"not a row of a table ({error})"
        yield first.number, cells, problem
