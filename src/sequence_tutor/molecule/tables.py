"""Tables of molecules: rows of cells under a header, whatever mark stands between the cells."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from sequence_tutor.foreign import Line
from sequence_tutor.molecule.choice import Choice
from sequence_tutor.molecule.columns import (
    chosen_column,
    is_called_smiles,
    name_column,
    several_columns,
    speaks_of_smiles,
    unique_names,
)
from sequence_tutor.molecule.entry import ColumnError, Entry

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
