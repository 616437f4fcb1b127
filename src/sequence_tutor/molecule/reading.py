"""Files of molecules: lists of SMILES, tables, SD files, packed or not, read line by line.

A line that cannot be read is handed on with its problem; it never ends the reading.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, count
from pathlib import Path
from typing import IO, BinaryIO, cast

from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_smiles, quiet

LIST_SUFFIXES = (".smi", ".smiles", ".ism", ".txt")
TABLE_SUFFIXES = (".csv", ".tsv")
SD_SUFFIXES = (".sdf", ".sd")
PACKED_SUFFIXES = (".gz", ".xz")
LONGEST_LINE = 2**17
"""Characters; no line that is longer holds one molecule."""


@dataclass(frozen=True)
class Entry:
    """One molecule as a file has it.

    Attributes:
        place: of the line or record, from 1.
        smiles: as written there; empty where `problem` is set.
        problem: why there is no SMILES; empty where all is well.
    """

    place: int
    smiles: str
    problem: str = ""


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
            known = " ".join((*LIST_SUFFIXES, *TABLE_SUFFIXES, *SD_SUFFIXES))
            packed = " or ".join(PACKED_SUFFIXES)
            raise UserError(
                f"{path}: unknown kind of file, expected one of {known}, each also with {packed}"
            )
        else:
            found.append(path)
    return found


@contextmanager
def open_molecules(
    path: Path, column: str | None = None, *, every_line: bool = False
) -> Iterator[tuple[Iterator[Entry], BinaryIO]]:
    """The entries of a file, in order, and the raw stream, whose position tells how far they are.

    Args:
        path: the file.
        column: of a table, the one with the SMILES; None: the one whose name says so.
        every_line: of a list, give blank lines and comments too, as an empty or strange SMILES.

    Raises:
        UserError: while reading: a table without such a column.
    """
    with path.open("rb") as raw, _unpacked(raw, path.suffix.lower()) as stream:
        yield _until_broken(path, stream, column, every_line), raw


@contextmanager
def _unpacked(raw: BinaryIO, suffix: str) -> Iterator[IO[bytes]]:
    if suffix == ".gz":
        with gzip.GzipFile(fileobj=raw) as stream:
            yield cast("IO[bytes]", stream)
    elif suffix == ".xz":
        with lzma.LZMAFile(raw) as packed:
            yield packed
    else:
        yield raw


def read_molecules(
    path: Path, column: str | None = None, *, every_line: bool = False
) -> Iterator[Entry]:
    """The entries of a file; see `open_molecules`."""
    with open_molecules(path, column, every_line=every_line) as (entries, _):
        yield from entries


def _until_broken(
    path: Path, stream: IO[bytes], column: str | None, every_line: bool
) -> Iterator[Entry]:
    """The entries up to where a damaged archive ends, and then the damage."""
    place = 0
    try:
        for entry in _entries(path, stream, column, every_line):
            place = entry.place
            yield entry
    except (OSError, EOFError, lzma.LZMAError) as error:
        yield Entry(place + 1, "", f"cannot be read from here on ({error})")


def _entries(
    path: Path, stream: IO[bytes], column: str | None, every_line: bool
) -> Iterator[Entry]:
    kind = _kind(path)
    if kind in SD_SUFFIXES:
        yield from _records(stream)
        return
    is_table = kind in TABLE_SUFFIXES  # whose cells may hold line ends of their own
    newline = "" if is_table else "\n"
    text = TextIOWrapper(stream, encoding=_encoding(stream), errors="replace", newline=newline)
    try:
        if is_table:
            yield from _rows(path, text, "\t" if kind == ".tsv" else ",", column)
        else:
            yield from _lines(text, every_line)
    finally:
        text.detach()  # the stream is for those to close who opened it


def _encoding(stream: IO[bytes]) -> str:
    """UTF-8, or UTF-16 where a file begins as Windows' editors and spreadsheets begin theirs."""
    beginning = stream.read(2)
    stream.seek(0)
    return "utf-16" if beginning in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"


def _lines(text: TextIOWrapper, every_line: bool) -> Iterator[Entry]:
    """The first word of each line.

    Blank lines, those that begin with #, and a heading are passed over unless asked for.
    """
    for place in count(1):
        line = text.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            while (more := text.readline(LONGEST_LINE)) and not more.endswith("\n"):
                pass
            yield Entry(place, "", f"a line of more than {LONGEST_LINE} characters")
            continue
        smiles = next(iter(line.split(None, 1)), "")
        is_heading = place == 1 and _names_smiles(smiles)
        if every_line or (smiles and not smiles.startswith("#") and not is_heading):
            yield Entry(place, smiles)


def _rows(path: Path, text: TextIOWrapper, delimiter: str, column: str | None) -> Iterator[Entry]:
    """One column of a table, with what the header has most of between its cells."""
    first = text.readline()
    if "\0" in first:
        raise UserError(f"{path} line 1: no text in UTF-8; save the table as CSV in UTF-8")
    # spreadsheets write semicolons or tabs under .csv, by the country that they are set to
    delimiter = max(delimiter, ",", ";", "\t", key=first.count)
    rows = csv.reader(chain([first], text), delimiter=delimiter)
    try:
        header = next(rows, [])
    except csv.Error as error:
        raise UserError(f"{path} line 1: not the header of a table ({error})") from error
    wanted = _column(path, header, column)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Entry(rows.line_num, "", f"not a row of a table ({error})")
            continue
        if len(row) > wanted and row[wanted].strip():
            yield Entry(rows.line_num, row[wanted].strip())
        elif any(row):
            yield Entry(rows.line_num, "", f"no value in column {header[wanted]!r}")


def _column(path: Path, header: Sequence[str], column: str | None) -> int:
    """The place of the column named, or of the first whose name speaks of SMILES."""
    names = [name.strip() for name in header]
    if column is not None and column in names:
        return names.index(column)
    found = [place for place, name in enumerate(names) if _names_smiles(name)]
    if column is None and found:
        return found[0]
    wanted = f"a column {column!r}" if column else "a column whose name holds 'smiles'"
    raise UserError(
        f"{path} line 1: columns {', '.join(map(repr, names)) or 'none'}, expected {wanted}"
        + ("" if column else "; rename the right one, or for pretrain name it as data.column")
    )


def _records(stream: IO[bytes]) -> Iterator[Entry]:
    """The molecules of an SD file, as canonical SMILES."""
    with quiet():
        for place, molecule in enumerate(Chem.ForwardSDMolSupplier(stream), start=1):
            if molecule is None:
                yield Entry(place, "", "a record that is no molecule")
            else:
                yield Entry(place, canonical_smiles(molecule))


def _names_smiles(name: str) -> bool:
    return "smiles" in name.lower()


def _kind(path: Path) -> str:
    """The suffix that says what a file holds, below that of a packer; empty: none we know."""
    if path.suffix.lower() in PACKED_SUFFIXES:
        path = path.with_suffix("")
    suffix = path.suffix.lower()
    return suffix if suffix in (*LIST_SUFFIXES, *TABLE_SUFFIXES, *SD_SUFFIXES) else ""
