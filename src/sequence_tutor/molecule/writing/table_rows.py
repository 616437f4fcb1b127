"""Rows of a written table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path


def read_table(table: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, one by one: column -> text."""
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
