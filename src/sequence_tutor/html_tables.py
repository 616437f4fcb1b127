"""Small tables in HTML: how values show themselves in a notebook, which brings the style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape


def html_table(header: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A table whose first column names its rows.

    Args:
        header: one text a column.
        rows: (name, the other cells) of each. All text is escaped.
    """
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in header)
    body = "".join(
        f"<tr>{_row_name(name)}{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_facts(
    title: str, facts: Mapping[str, object], more: Mapping[str, Mapping[str, object]] | None = None
) -> str:
    """What something is: a title, names and values, and tables to open below them.

    Args:
        title: says what it is.
        facts: name -> value; those of None or an empty text are left out.
        more: what a reader may want to open -> names and values.
    """
    shown = {name: value for name, value in facts.items() if value not in (None, "")}
    opened = "".join(
        f"<details><summary>{escape(name)}</summary>{_pairs(table)}</details>"
        for name, table in (more or {}).items()
        if table
    )
    return f"<div><strong>{escape(title)}</strong>{_pairs(shown)}{opened}</div>"


def _pairs(table: Mapping[str, object]) -> str:
    rows = "".join(
        f"<tr>{_row_name(name)}<td>{escape(_text(value))}</td></tr>"
        for name, value in table.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _row_name(name: str) -> str:
    return f'<th scope="row" style="text-align: left">{escape(name)}</th>'


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
