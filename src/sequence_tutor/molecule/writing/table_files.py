"""Tables of molecules as files: CSV, and Parquet made of it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from sequence_tutor.errors import require
from sequence_tutor.storage.files import replacing

PYARROW = ("pyarrow", "pyarrow.csv", "pyarrow.parquet")

Cell = str | float | int | None
"""None: an empty cell."""


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV file atomically."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def read_table(table: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, one by one: column -> text."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def parquet_of(table: Path, out: Path | None = None, numbers: Collection[str] = ()) -> None:
    """Write a CSV file as Parquet, block by block.

    Args:
        table: the CSV file.
        out: the file to write; None: beside the table, with the suffix `.parquet`.
        numbers: the columns that hold numbers, all others hold text; none: the types are those
            that the first block seems to have.

    Raises:
        UserError: pyarrow is not installed.
    """
    require("parquet", "Parquet needs pyarrow", *PYARROW)
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    with table.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file), [])
    types = {one: pyarrow.float64() if one in numbers else pyarrow.string() for one in columns}
    options = pyarrow.csv.ConvertOptions(column_types=types if numbers else None)
    with (
        table.open("rb") as content,  # open files, because pyarrow takes names for addresses
        pyarrow.csv.open_csv(content, convert_options=options) as reader,
        replacing(out or table.with_suffix(".parquet")) as beside,
        beside.open("wb") as written,
        pyarrow.parquet.ParquetWriter(written, reader.schema) as writer,
    ):
        for block in reader:
            writer.write_batch(block)
