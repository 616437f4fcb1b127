"""A console on which text is text: names in a table style nothing and move no cursor."""

from __future__ import annotations

from rich.console import Console, JustifyMethod, OverflowMethod
from rich.style import Style
from rich.text import Text

from sequence_tutor.printable import printable


class PlainConsole(Console):
    """Prints strings, also those in tables, without markup, emoji codes and control characters."""

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        highlighter: object = None,
    ) -> Text:
        """A string of a table or of its caption; lines stay lines."""
        lines = (printable(line, most=100_000) for line in text.split("\n"))
        return Text("\n".join(lines), style=style, justify=justify, overflow=overflow)
