"""Small tables in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sequence_tutor.printable import printable

_MEANT = re.compile(r"([\\|\[\]`])")
_LONGEST = 100_000  # characters of a cell


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is: a name makes no column, line, link, picture or tag."""
    plain = _MEANT.sub(r"\\\1", printable(text, _LONGEST))
    return plain.replace("<", "&lt;").replace(">", "&gt;")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names its rows, with figures to the right in all others.

    Args:
        header: one text a column.
        rows: as many texts each. All text is escaped.
    """
    every = [header, *rows]
    head, *lines = [f"| {' | '.join(map(markdown_text, line))} |" for line in every]
    rule = " | ".join(["---", *("---:" for _ in header[1:])])
    return "\n".join([head, f"| {rule} |", *lines])
