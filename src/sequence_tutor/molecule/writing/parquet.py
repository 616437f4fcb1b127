"""Tables as Parquet, for those who have pyarrow."""

from __future__ import annotations

from pathlib import Path

from sequence_tutor.errors import require
from sequence_tutor.storage.files import replacing


def require_pyarrow() -> None:
    """Check that Parquet can be written, before anything is computed that it shall hold.

    Raises:
        UserError: it cannot.
    """
    require("parquet", "Parquet needs pyarrow", "pyarrow", "pyarrow.csv", "pyarrow.parquet")


def parquet_of(table: Path) -> None:
    """Write a CSV file's rows beside it as `.parquet`, block by block.

    Raises:
        UserError: there is no pyarrow.
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
