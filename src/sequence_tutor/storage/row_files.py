"""Tables of plain rows: Parquet where pyarrow is installed, else JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sequence_tutor.errors import require
from sequence_tutor.storage.files import replacing
from sequence_tutor.storage.token_lines import write_json_lines

PARQUET, LINES = ".parquet", ".jsonl"
AT_ONCE = 65_536
"""Rows that are read at a time."""


Kind = Literal["text", "number", "integer", "flag", "tokens"] | Sequence[str]
"""What a column holds; names: a number under each."""


def usual_suffix() -> str:
    """That of Parquet if it can be written, else that of JSON lines."""
    return PARQUET if find_spec("pyarrow") else LINES


def write_rows(path: Path, columns: Mapping[str, Kind], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows atomically, in the form that the name says; equal rows give equal bytes.

    Args:
        path: of the file.
        columns: what each holds, so that parts of one table have one type.
        rows: their values; None: there is none.

    Raises:
        UserError: Parquet is asked for and pyarrow is not installed.
    """
    if path.suffix != PARQUET:
        write_json_lines(path, rows)
        return
    require("parquet", "Parquet needs pyarrow", "pyarrow", "pyarrow.parquet")
    import pyarrow
    import pyarrow.parquet

    number = pyarrow.float64()
    kinds = {
        "text": pyarrow.string(),
        "number": number,
        "integer": pyarrow.int64(),
        "flag": pyarrow.bool_(),
        "tokens": pyarrow.list_(pyarrow.int32()),
    }
    types = {
        name: kinds[kind] if isinstance(kind, str) else pyarrow.struct([(n, number) for n in kind])
        for name, kind in columns.items()
        if isinstance(kind, str) or kind  # a struct without parts cannot be written
    }
    table = pyarrow.Table.from_pylist(list(rows), schema=pyarrow.schema(list(types.items())))
    with replacing(path) as beside, beside.open("wb") as file:  # pyarrow takes names for addresses
        pyarrow.parquet.write_table(table, file)


def read_columns(path: Path, names: Sequence[str]) -> Iterator[dict[str, list[Any]]]:
    """Some columns of a table, `AT_ONCE` rows at a time; columns that it lacks are left out."""
    if path.suffix != PARQUET:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        yield {name: [row[name] for row in rows] for name in names if rows and name in rows[0]}
        return
    import pyarrow.parquet

    with path.open("rb") as content, pyarrow.parquet.ParquetFile(content) as table:
        known = [name for name in names if name in table.schema_arrow.names]
        for block in table.iter_batches(AT_ONCE, columns=known):
            yield {name: block.column(name).to_pylist() for name in known}
