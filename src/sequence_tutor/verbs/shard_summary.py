"""What all shards of a folder hold, counted in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, reading
from sequence_tutor.progress import counted
from sequence_tutor.storage.files import (
    write_json,
)
from sequence_tutor.storage.row_files import read_columns
from sequence_tutor.storage.shards import Shards
from sequence_tutor.verbs.shard_kinds import (
    HASH,
    TOTALS,
)
from sequence_tutor.workbench.distinct_count import DistinctCount

SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class Summary:
    """Work that is done.

    Attributes:
        rows: in all shards.
        distinct: of them, so many are different; of molecules that are scored, different molecules.
        distinct_error: one standard deviation of that, as a share of it; 0: it is exact.
        mean_total: mean of the reward, over the rows that have one; None: none has.
        bytes: of all files.
    """

    rows: int
    distinct: int
    distinct_error: float
    mean_total: float | None
    bytes: int


def summary(shards: Shards, *, quiet: bool = False) -> Summary:
    """Count what all shards hold, in bounded memory, and write `SUMMARY_FILE`."""
    total_name = TOTALS[str(shards.what["kind"])]
    distinct, rows, sum_of_totals, totals = DistinctCount(), 0, 0.0, 0
    paths = shards.paths()
    with counted("summing up", quiet=quiet) as report:
        for place, path in enumerate(paths, start=1):
            for block in _blocks(path, total_name):
                rows += len(block.get(HASH, ()))
                distinct.add_list(block.get(HASH, []))
                known = [one for one in block.get(total_name, []) if one is not None]
                sum_of_totals, totals = sum_of_totals + sum(known), totals + len(known)
            report(place, len(paths))
    found = Summary(
        rows,
        round(distinct.value),
        distinct.relative_error,
        sum_of_totals / totals if totals else None,
        sum(path.stat().st_size for path in paths),
    )
    write_json(shards.folder / SUMMARY_FILE, vars(found))
    return found


def _blocks(path: Path, total_name: str) -> Iterator[dict[str, list[Any]]]:
    """The columns of a shard that are summed up.

    Raises:
        UserError: it is damaged; how it is computed again.
    """
    try:
        with reading(path, "a shard"):
            yield from read_columns(path, (HASH, total_name))
    except UserError as damage:
        raise UserError(f"{damage}; remove it, and `work` computes it again") from damage
