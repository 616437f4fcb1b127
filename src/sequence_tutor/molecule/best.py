"""The best molecules that a run found, and some of all, as structures and pictures."""

from __future__ import annotations

import csv
import heapq
import random
from collections.abc import Iterator
from pathlib import Path

from sequence_tutor.molecule.output import Row, picture_rows, write_sdf
from sequence_tutor.molecule.terminal_reward import FOUND_COLUMNS

COUNT = 20
"""Molecules in each picture."""


def write_best(table: Path, count: int = COUNT) -> None:
    """Write `best.sdf` and pictures of the best and of a random sample beside a table.

    The table is read once, row by row; the best are those of the highest total, the first found
    of equals. The random sample is always the same one of the same table.

    Args:
        table: the CSV file of `found`.
        count: molecules in each.
    """
    best: list[tuple[float, int, dict[str, str]]] = []
    chance: list[dict[str, str]] = []
    rng = random.Random(0)
    for place, row in enumerate(read_table(table)):
        item = (float(row["total"]), -place, row)  # places differ, so rows are never compared
        if len(best) < count:
            heapq.heappush(best, item)
        elif item > best[0]:
            heapq.heapreplace(best, item)
        if len(chance) < count:
            chance.append(row)
        elif (spot := rng.randrange(place + 1)) < count:  # Vitter 1985, algorithm R
            chance[spot] = row
    if not chance:
        return
    ordered = [_row(row) for _, _, row in sorted(best, reverse=True)]
    write_sdf(table.with_name("best.sdf"), ordered)
    picture_rows(ordered, table.with_name("best"))
    picture_rows([_row(row) for row in chance], table.with_name("random"))


def read_table(table: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, one by one: column -> text."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _row(row: dict[str, str]) -> Row:
    """A row with its total and its raw terms, as far as they have numbers."""
    raw = list(row)[len(FOUND_COLUMNS) :: 2]  # between them stand the transformed
    numbers = {name: float(row[name]) for name in ("total", *raw) if row[name]}
    return Row(row["smiles"], row["canonical"], numbers)
