"""Tables as Parquet, for those who have pyarrow."""

from __future__ import annotations

from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.files import replacing


def require_pyarrow() -> None:
    """Check that Parquet can be written, before anything is computed that it shall hold.

    Raises:
        UserError: it cannot.
    """
    try:
        import pyarrow.csv
        import pyarrow.parquet  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UserError(
            f"Parquet needs pyarrow, which cannot be imported ({error}): "
            "pip install 'sequence-tutor[parquet]'"
        ) from error


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
