"""Lists of molecules: a SMILES at the beginning of each line, or in a column named by a heading."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sequence_tutor.foreign import Line
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.reading.entry import Choice, Entry
from sequence_tutor.molecule.reading.tables import SEPARATORS, TableColumns, names_smiles

_COMMENT = "#"
_MOST_WORDS = 8  # of a heading with spaces between its columns
_ONE_HEADING = re.compile(r"\W*(canonical|isomeric|connectivity|absolute)?[\s_]*smiles\W*", re.I)

ReadLine = Callable[[Line], Entry]


def list_entries(
    path: Path, lines: Iterator[Line], choice: Choice, *, every_line: bool
) -> Iterator[Entry]:
    """The entries of a list.

    The first line that is neither blank nor a comment decides how all lines are read. A heading
    names the column and is no molecule; without one the SMILES is the first word of a line, and the
    name follows it. With `every_line`, names are given too, and blank lines and comments, as an
    empty or invalid SMILES.

    Raises:
        ColumnError: the heading has no such column.
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
    """How the lines are read, given the first of them, and whether that is a heading."""
    for separator in _separators(line.text):
        cells = _cells(line.text, separator)
        if any(len(cell) > 1 and parse(cell) is not None for cell in cells):
            continue  # a molecule, whose name may contain `smiles`
        is_asked = choice.column is not None and choice.column.lower() in map(str.lower, cells)
        if is_asked or any(map(names_smiles, cells)):
            if _ONE_HEADING.fullmatch(line.text) and '"' not in line.text:
                return _first_word, True
            columns = TableColumns(path, line.number, cells, choice)
            if separator is None and columns.wanted == 0:
                return _first_word, True  # keeps names with spaces
            return partial(_in_columns, columns, separator, details), True
    _say_column_unused(path, line, choice)
    word = _first_word(line).smiles
    for separator in (",", ";"):  # which no SMILES contains
        before, found, _ = word.partition(separator)
        if found and parse(before) is not None:
            return partial(_before, separator), False
    return _first_word, False


def _say_column_unused(path: Path, line: Line, choice: Choice) -> None:
    """Say of a list without a heading that it has no columns to choose from.

    Raises:
        ColumnError: its first line is a heading, since none of its words is a molecule.
    """
    if choice.column is None:
        return
    cells = _cells(line.text, next(iter(_separators(line.text)), None))
    if len(cells) > 1 and not any(parse(cell) is not None for cell in cells):
        TableColumns(path, line.number, cells, choice)
    choice.remark(
        f"{path}: a list without a heading, whose SMILES begin the lines; --column "
        f"{choice.column} plays no part in it"
    )


def _separators(text: str) -> Sequence[str | None]:
    """Possible separators of the columns of a line, the most frequent first; None: spaces."""
    found = [one for one in sorted(SEPARATORS, key=text.count)[::-1] if one in text]
    if not found and '"' in text:
        return [","]  # one column in quotes
    return [*found, None] if len(text.split()) <= _MOST_WORDS else found


def _cells(text: str, separator: str | None) -> list[str]:
    if separator is None:
        return text.split()
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=separator), [])]
    except csv.Error:
        return [cell.strip() for cell in text.split(separator)]


def _first_word(line: Line) -> Entry:
    smiles, *rest = line.text.split(None, 1) or [""]
    return Entry(line.number, smiles, "", rest[0].strip() if rest else "")


def _before(separator: str, line: Line) -> Entry:
    smiles, _, name = line.text.strip().partition(separator)
    return Entry(line.number, smiles.strip(), "", name.strip())


def _in_columns(columns: TableColumns, separator: str | None, details: bool, line: Line) -> Entry:
    return columns.entry(line.number, _cells(line.text, separator), details=details)
