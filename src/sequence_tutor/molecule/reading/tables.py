"""Tables of molecules: rows of cells under a header, whatever mark stands between the cells."""

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


MARKS = (",", ";", "\t", "|")
"""What may stand between cells; spreadsheets choose by the country that they are set to."""

LONGEST_ROW = 2**22
"""Characters of a line; thousands of descriptors fit."""

_LINES_OF_ROW = 1000  # that quotes may hold together
_EXCEL_MARK = re.compile(r'"?sep=([,;|\t])"?')  # the first line of some, above the header


class TableColumns:
    """What a table's header says of its columns.

    Args:
        path: the file, for messages.
        place: line of the header.
        names: of the columns.
        choice: the column asked for; told which one was taken if there were several.

    Raises:
        ColumnError: there is none.
    """

    def __init__(self, path: Path, place: int, names: Sequence[str], choice: Choice) -> None:
        names = [name.strip() for name in names]
        self.wanted = chosen_column(path, place, names, choice.column)
        if remark := several_columns(path, names, self.wanted):
            choice.remark(remark)
        self.names = unique_names(names)
        self._title = name_column(names, self.wanted)

    def entry(self, place: int, row: Sequence[str], *, details: bool) -> Entry:
        """One row."""
        cell = row[self.wanted] if len(row) > self.wanted else ""
        smiles = cell.partition(" |")[0].strip()  # what follows is an extension of ChemAxon's
        problem = "" if smiles else f"no value in column {self.names[self.wanted]!r}"
        if not details:
            return Entry(place, smiles, problem)
        names = [*self.names, *(f"column_{n}" for n in range(len(self.names) + 1, len(row) + 1))]
        fields = [pair for n, pair in enumerate(zip(names, row, strict=False)) if n != self.wanted]
        has_title = self._title is not None and self._title < len(row)
        name = row[self._title].strip() if self._title is not None and has_title else ""
        return Entry(place, smiles, problem, name, fields)


def table_entries(
    path: Path, lines: Iterator[Line], usual: str, choice: Choice, *, details: bool
) -> Iterator[Entry]:
    """The rows of a table.

    Args:
        path: the file, for messages.
        lines: of the file.
        usual: what stands between cells by the name of the file.
        choice: which column is read.
        details: whether to give names and the other columns too.

    Raises:
        ColumnError: there is no header, or no such column in it.
    """
    header = _header(lines)
    if header is not None and (named := _EXCEL_MARK.fullmatch(header.text)):
        usual, header = named[1], _header(lines)
    if header is None:
        return
    if header.problem or "\0" in header.text:
        what = header.problem or "no text in UTF-8; save the table as CSV in UTF-8"
        raise ColumnError(f"{path} line {header.number}: {what}, expected the header of a table")
    try:
        mark = mark_of(header.text, usual, choice.column)
        names = next(csv.reader([header.text], delimiter=mark), [])
    except csv.Error as error:
        raise ColumnError(
            f"{path} line {header.number}: not the header of a table ({error})"
        ) from error
    columns = TableColumns(path, header.number, names, choice)
    for place, row, problem in _rows(lines, mark):
        if problem:
            yield Entry(place, "", problem)
        elif any(cell.strip() for cell in row):
            yield columns.entry(place, row, details=details)


def _header(lines: Iterator[Line]) -> Line | None:
    """The first line with anything in it that is no remark."""
    for line in lines:
        is_remark = line.text.startswith("#") and not speaks_of_smiles(line.text)
        if line.problem or (line.text.strip() and not is_remark):
            return line
    return None


def mark_of(header: str, usual: str, asked: str | None) -> str:
    """What stands between the cells of a header: what makes a column of SMILES, else the commonest.

    Raises:
        csv.Error: with no mark it can be cut into cells.
    """
    by_count = sorted(MARKS, key=lambda mark: (-header.count(mark), mark != usual))
    cut = {
        mark: [name.strip() for name in next(csv.reader([header], delimiter=mark), [])]
        for mark in by_count
    }
    for fits in (is_called_smiles, speaks_of_smiles):
        for mark, names in cut.items():
            if asked in names if asked is not None else any(map(fits, names)):
                return mark
    return by_count[0]


def _rows(lines: Iterator[Line], mark: str) -> Iterator[tuple[int, list[str], str]]:
    """Line, cells and problem of each row; a cell in quotes may go over several lines.

    A quote that is never closed, or closed by that of a later row, would swallow all between them:
    then the row is its own line alone, and the others are read by themselves.
    """
    waiting: deque[Line] = deque()

    def fed(taken: list[Line]) -> Iterator[str]:
        while len(taken) < _LINES_OF_ROW and (line := _next(waiting, lines)) is not None:
            taken.append(line)
            if line.problem:
                return
            yield line.text + "\n"

    while True:
        taken: list[Line] = []
        try:
            row = next(csv.reader(fed(taken), delimiter=mark, strict=True), None)
        except csv.Error:
            row = None
        if not taken:
            return
        last = taken[-1]
        if row is not None and not last.problem:
            yield last.number, row, ""
            continue
        first, *others = taken
        waiting.extendleft(reversed(others))
        yield (first.number, *_row_of(first, mark))


def _next(waiting: deque[Line], lines: Iterator[Line]) -> Line | None:
    return waiting.popleft() if waiting else next(lines, None)


def _row_of(line: Line, mark: str) -> tuple[list[str], str]:
    """The cells of one line, however its quotes stand, or why there are none."""
    if line.problem:
        return [], line.problem
    try:
        return next(csv.reader([line.text], delimiter=mark), []), ""
    except csv.Error as error:
        return [], f"not a row of a table ({error})"
