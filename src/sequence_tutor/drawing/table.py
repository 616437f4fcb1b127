"""Tables as Markdown, as HTML and on a terminal.

The text of a cell is always shown literally: it cannot make a column, line, link, picture or tag,
and cannot change the style or move the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sequence_tutor.errors import printable

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

PUBLISHED = " *"
"""Ends the headers of columns with published figures."""

_MEANT = re.compile(r"([\\|\[\]`])")
_LONGEST = 100_000  # characters of a cell


@dataclass(frozen=True)
class Table:
    """A header, rows and a caption below them; the first column names the rows."""

    header: Sequence[str]  # one text a column
    rows: Sequence[Sequence[str]]  # as many texts each
    caption: str = ""  # what the figures mean, or empty
    holds_figures: bool = True  # whether all columns but the first are aligned right

    def markdown(self) -> str:
        """The table, then the caption; the last line ends with a newline."""
        head, *lines = [
            f"| {' | '.join(map(_markdown, line))} |" for line in (self.header, *self.rows)
        ]
        figures = "---:" if self.holds_figures else "---"
        rule = " | ".join(["---", *(figures for _ in self.header[1:])])
        below = ["", _markdown(self.caption)] if self.caption else []
        return "\n".join([head, f"| {rule} |", *lines, *below, ""])

    def html(self) -> str:
        """For a notebook, which provides the style."""
        head = "".join(f'<th scope="col">{escape(text)}</th>' for text in self.header)
        below = f"<p>{escape(self.caption)}</p>" if self.caption else ""
        return f"<table><thead><tr>{head}</tr></thead>{_html_rows(self.rows)}</table>{below}"

    def rich(self) -> RichTable:
        """For a terminal."""
        from rich.table import Table as RichTable

        caption = _rich(self.caption, "table.caption") if self.caption else None
        table = RichTable(caption=caption, caption_justify="left")
        for place, text in enumerate(self.header):
            style = "dim" if text.endswith(PUBLISHED) else None
            right = place > 0 and self.holds_figures
            table.add_column(_rich(text), justify="right" if right else "left", style=style)
        for row in self.rows:
            table.add_row(*map(_rich, row))
        return table


def html_facts(
    title: str, facts: Mapping[str, object], more: Mapping[str, Mapping[str, object]] | None = None
) -> str:
    """A title, a table of facts without the empty ones, and further tables that can be unfolded."""
    shown = {name: value for name, value in facts.items() if value not in (None, "")}
    opened = "".join(
        f"<details><summary>{escape(name)}</summary>{_pairs(table)}</details>"
        for name, table in (more or {}).items()
        if table
    )
    return f"<div><strong>{escape(title)}</strong>{_pairs(shown)}{opened}</div>"


def value_text(value: object) -> str:
    """A value of any kind as a cell: four significant digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {value_text(entry)}" for name, entry in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _markdown(text: str) -> str:
    plain = _MEANT.sub(r"\\\1", printable(text, _LONGEST))
    return plain.replace("<", "&lt;").replace(">", "&gt;")


def _html_rows(rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    return f"<tbody>{body}</tbody>"


def _pairs(table: Mapping[str, object]) -> str:
    return (
        f"<table>{_html_rows((name, value_text(value)) for name, value in table.items())}</table>"
    )


def _rich(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text("\n".join(printable(line, _LONGEST) for line in text.split("\n")), style)
