"""Small tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows, with figures to the right in all others.

    Args:
        header: one text a column.
        rows: as many texts each.
    """
    lines: list[Sequence[str]] = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
