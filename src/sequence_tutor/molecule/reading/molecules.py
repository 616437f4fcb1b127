"""Files of molecules: lists of SMILES, tables, SD files, compressed or not, read line by line.

A line that cannot be read becomes an entry with a problem; reading continues after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import PACKED_SUFFIXES, Line, encoding_of, lines, reason_of, unpacked
from sequence_tutor.molecule.reading.entry import (
    DEFAULT_CHOICE,
    LONGEST_LINE,
    Choice,
    ColumnError,
    Entry,
)
from sequence_tutor.molecule.reading.lists import list_entries
from sequence_tutor.molecule.reading.sd_files import LONGEST_SD_LINE, sd_entries
from sequence_tutor.molecule.reading.tables import LONGEST_ROW, table_entries

LIST_SUFFIXES = (".smi", ".smiles", ".ism", ".txt")
TABLE_SUFFIXES = (".csv", ".tsv")
SD_SUFFIXES = (".sdf", ".sd")
SUFFIXES = (*LIST_SUFFIXES, *TABLE_SUFFIXES, *SD_SUFFIXES)

_NO_TEXT = {
    b"PK\x03\x04": "a spreadsheet or an archive, expected text; save a sheet as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "a file of an office program, expected text; save a sheet as CSV in UTF-8",
    b"PAR1": "a table in Parquet, expected text; write it as CSV",
    b"%PDF": "a PDF, expected text",
}
_BEGINNING = 64  # bytes that are checked
_UTF_8 = encoding_of(b"")
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".parquet", ".feather")


def molecule_files(paths: Sequence[Path]) -> list[Path]:
    """Every file of molecules at or below the paths.

    Raises:
        UserError: a path does not exist, or names a file of an unknown kind.
    """
    found = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if _kind(file) and file.is_file())
            found += [file for file in inside if not file.name.startswith(".")]
        elif not path.exists():
            raise UserError(f"{path}: no such file or folder")
        elif not _kind(path):
            packed = " or ".join(PACKED_SUFFIXES)
            is_sheet = path.suffix.lower() in _SPREADSHEETS
            raise UserError(
                f"{path}: unknown kind of file, expected one of {' '.join(SUFFIXES)}, each also "
                f"with {packed}" + ("; save the table as CSV in UTF-8" if is_sheet else "")
            )
        else:
            found.append(path)
    return found


@contextmanager
def open_molecules(
    path: Path, choice: Choice = DEFAULT_CHOICE, *, every_line: bool = False
) -> Iterator[tuple[Iterator[Entry], BinaryIO]]:
    """The entries of a file, in order, and the raw stream, whose position is the progress.

    The last entry of a damaged file has the damage as its problem.

    Args:
        path: the file.
        choice: how it is read.
        every_line: give names and other columns too, and blank lines and comments of a list, as an
            empty or invalid SMILES.

    Raises:
        ColumnError: while reading: a table without such a column.
    """
    with ExitStack() as opened:
        try:
            stream, raw = opened.enter_context(unpacked(path))
        except (UserError, OSError) as error:
            yield iter([_end_of(path, 1, error)]), BytesIO()
        else:
            yield _until_damaged(path, stream, choice, every_line), raw


def read_molecules(
    path: Path, choice: Choice = DEFAULT_CHOICE, *, every_line: bool = False
) -> Iterator[Entry]:
    """The entries of a file; see `open_molecules`."""
    with open_molecules(path, choice, every_line=every_line) as (entries, _):
        yield from entries


def _until_damaged(
    path: Path, stream: BufferedReader, choice: Choice, every_line: bool
) -> Iterator[Entry]:
    """The entries up to where a file is damaged, and then the damage."""
    place, unit = 0, "line"
    try:
        for entry in _entries(path, stream, choice, every_line):
            place, unit = entry.place, entry.unit
            yield entry
    except ColumnError:
        raise
    except Exception as error:
        yield _end_of(path, place + 1, error, unit)


def _end_of(path: Path, place: int, error: Exception, unit: str = "line") -> Entry:
    why = reason_of(error).removeprefix(f"{path}: ")
    if not why.startswith("cannot be read"):
        why = f"cannot be read from here on ({why})"
    return Entry(place, "", why, unit=unit, is_end=True)


def _entries(
    path: Path, stream: BufferedReader, choice: Choice, every_line: bool
) -> Iterator[Entry]:
    _refuse_no_text(stream.peek(_BEGINNING)[:_BEGINNING])
    kind = _kind(path)
    if kind in SD_SUFFIXES:
        if choice.column is not None:
            choice.remark(
                f"{path}: an SD file has structures in place of columns; --column {choice.column} "
                "plays no part in it"
            )
        yield from sd_entries(_lines(stream, LONGEST_SD_LINE), details=every_line)
    elif kind in TABLE_SUFFIXES:
        usual = "\t" if kind == ".tsv" else ","
        rows = _lines(stream, LONGEST_ROW)
        yield from table_entries(path, rows, usual, choice, details=every_line)
    else:
        rows = _lines(stream, LONGEST_LINE)
        yield from list_entries(path, rows, choice, every_line=every_line)


def _refuse_no_text(beginning: bytes) -> None:
    """Refuse other kinds of files that have the suffix of a text file."""
    for mark, what in _NO_TEXT.items():
        if beginning.startswith(mark):
            raise UserError(what)
    half = len(beginning) // 2
    zeros = (beginning[::2].count(0), beginning[1::2].count(0))
    if half >= 2 and max(zeros) == half and min(zeros) == 0 and encoding_of(beginning) == _UTF_8:
        raise UserError("text in UTF-16 that does not say so; save it in UTF-8")


def _lines(stream: BufferedReader, longest: int) -> Iterator[Line]:
    """The lines of a text; one that is not in UTF-8 is decoded as Windows-1252."""
    is_utf_8 = encoding_of(stream.peek(4)[:4]) == _UTF_8
    for line in lines(stream, longest, errors="surrogateescape" if is_utf_8 else "replace"):
        try:
            line.text.encode("utf-8")
        except UnicodeEncodeError:  # of surrogates, which stand for bytes that are no UTF-8
            text = line.text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
            yield line._replace(text=text)
        else:
            yield line


def _kind(path: Path) -> str:
    """The suffix of a file, without that of a compression; "" if it is unknown."""
    if path.suffix.lower() in PACKED_SUFFIXES:
        path = path.with_suffix("")
    suffix = path.suffix.lower()
    return suffix if suffix in SUFFIXES else ""
