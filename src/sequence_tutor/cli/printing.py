"""How verbs print: lines and tables, on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sequence_tutor.errors import printable

if TYPE_CHECKING:
    from sequence_tutor.drawing.table import Table


def show(what: str | Table) -> None:
    """Print to standard output; a table keeps all of its columns in a narrow terminal too."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, soft_wrap=False)
    if isinstance(what, str):
        lines = what.split("\n")
        console.print("\n".join(map(printable, lines)), soft_wrap=True, markup=False, emoji=False)
        return
    table = what.rich()
    needed = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    console.width = max(console.width, needed)
    console.print(table, soft_wrap=False)
