"""Tables as Parquet."""

from __future__ import annotations

from pathlib import Path

from sequence_tutor.errors import require
from sequence_tutor.storage.files import replacing


def require_pyarrow() -> None:
    """Check before any computation that Parquet can be written.

    Raises:
        UserError: pyarrow is not installed.
    """
    require("parquet", "Parquet needs pyarrow", "pyarrow", "pyarrow.csv", "pyarrow.parquet")


def parquet_of(table: Path) -> None:
    """Write a CSV file as `.parquet` beside it, block by block.

    Raises:
        UserError: pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow.csv
    import pyarrow.parquet

    with (
        replacing(table.with_suffix(".parquet")) as beside,
        pyarrow.csv.open_csv(table) as reader,
        pyarrow.parquet.ParquetWriter(beside, reader.schema) as writer,
    ):
        for block in reader:
            writer.write_batch(block)
