"""Lists of molecules: a SMILES at the beginning of each line, or in the column of a heading."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sequence_tutor.foreign import Line
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.reading.entry import Choice, Entry
from sequence_tutor.molecule.reading.tables import MARKS, TableColumns, speaks_of_smiles

_COMMENT = "#"
_MOST_WORDS = 8  # of a heading with spaces between its columns
_ONE_HEADING = re.compile(r"\W*(canonical|isomeric|connectivity|absolute)?[\s_]*smiles\W*", re.I)

ReadLine = Callable[[Line], Entry]


def list_entries(
    path: Path, lines: Iterator[Line], choice: Choice, *, every_line: bool
) -> Iterator[Entry]:
    """The molecules of a list.

    The first line that is neither blank nor a comment says how all are read: a heading names the
    column, and is itself no molecule; without one the SMILES is the first word of a line, and what
    follows is its name.

    Args:
        path: the file, for messages.
        lines: of the file.
        choice: the column of a heading, if there is one.
        every_line: give blank lines and comments too, as an empty or strange SMILES, and names.

    Raises:
        ColumnError: there is a heading, and it has no such column.
    """
    read: ReadLine | None = None
    for line in lines:
        if line.problem:
            yield Entry(line.number, "", line.problem)
            continue
        text = line.text.strip()
        if not text or text.startswith(_COMMENT):
            if every_line:
                yield _first_word(line)
            continue
        if read is None:
            read, is_heading = _layout(path, line, choice, details=every_line)
            if is_heading:
                continue
        yield read(line)


def _layout(path: Path, line: Line, choice: Choice, *, details: bool) -> tuple[ReadLine, bool]:
    """How the lines are read, by the first of them, and whether that is a heading."""
    for mark in _marks(line.text):
        cells = _cells(line.text, mark)
        if any(len(cell) > 1 and parse(cell) is not None for cell in cells):
            continue  # a molecule, whose name may well speak of SMILES
        if choice.column in cells or any(map(speaks_of_smiles, cells)):
            if _ONE_HEADING.fullmatch(line.text) and '"' not in line.text:
                return _first_word, True
            columns = TableColumns(path, line.number, cells, choice)
            if mark is None and columns.wanted == 0:
                return _first_word, True  # of names with spaces, all is kept
            return _in_columns(columns, mark, details=details), True
    word = _first_word(line).smiles
    for mark in (",", ";"):  # which no SMILES has
        before, found, _ = word.partition(mark)
        if found and parse(before) is not None:
            return partial(_before, mark), False
    return _first_word, False


def _marks(text: str) -> Sequence[str | None]:
    """What may stand between the columns of a line; None: spaces."""
    marks: list[str | None] = [mark for mark in sorted(MARKS, key=text.count) if mark in text]
    words = len(text.split())
    if not marks and '"' in text:
        return [","]  # one column in quotes
    return [*reversed(marks), None] if words <= _MOST_WORDS else list(reversed(marks))


def _cells(text: str, mark: str | None) -> list[str]:
    if mark is None:
        return text.split()
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=mark), [])]
    except csv.Error:
        return [cell.strip() for cell in text.split(mark)]


def _first_word(line: Line) -> Entry:
    smiles, *rest = line.text.split(None, 1) or [""]
    return Entry(line.number, smiles, "", rest[0].strip() if rest else "")


def _before(mark: str, line: Line) -> Entry:
    smiles, _, name = line.text.strip().partition(mark)
    return Entry(line.number, smiles.strip(), "", name.strip())


def _in_columns(columns: TableColumns, mark: str | None, *, details: bool) -> ReadLine:
    return lambda line: columns.entry(line.number, _cells(line.text, mark), details=details)
