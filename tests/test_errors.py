from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import printable, shortened, shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("runs/psi ±3 é 音", "runs/psi ±3 é 音"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\x9b1m", r"\x9b1m"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("name \udcff", r"name \udcff"),
        ("[bold]not[/bold] :smile:", "[bold]not[/bold] :smile:"),
    ],
)
def test_nothing_is_left_that_a_terminal_would_obey(text: str, seen: str) -> None:
    assert printable(text) == seen


def test_long_values_are_cut_and_short_ones_are_as_python_writes_them() -> None:
    assert [shown(value) for value in (3, -1.5, "a", None, True)] == [
        "3",
        "-1.5",
        "'a'",
        "None",
        "True",
    ]
    assert shown("x" * 400) == "'" + "x" * 52 + "..." + "x" * 23 + "'"
    assert shown(1 - 10**10_000) == "a negative number of about 10000 digits"
    assert shortened("abcdefghijkl", 10) == "abcdef...l"


def test_names_in_a_table_style_nothing() -> None:
    file = StringIO()
    console = Console(file=file, width=100, force_terminal=True, color_system="standard")
    row = ["\x1b]0;owned\x07[bold]b[/bold]"]
    console.print(Table(["[red]model[/red]"], [row], ":smile: [link=x]y[/link]").rich())
    text = file.getvalue()
    for literal in ("[red]model[/red]", ":smile: [link=x]y[/link]", r"\x1b]0;owned\x07[bold]b[/b"):
        assert literal in text
    assert "\x1b]" not in text
