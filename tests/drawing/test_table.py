"""Tables in Markdown, and as notebooks show them."""

from __future__ import annotations

from sequence_tutor.drawing.table import Table, html_facts
from sequence_tutor.storage.flat_tables import flattened


def test_what_is_written_is_text_and_no_markup() -> None:
    text = Table(["<a>", "b"], [["<script>", "1 & 2"]]).html()
    text += html_facts("<b>", {"<i>": "<u>"}, {"<s>": {"<q>": "<p>"}})
    for mark in ("a", "script", "b", "i", "u", "s", "q", "p"):
        assert f"<{mark}>" not in text
        assert f"&lt;{mark}&gt;" in text or mark in "ib"
    assert "1 &amp; 2" in text


def test_what_is_unknown_is_left_out() -> None:
    text = html_facts("it", {"c": 4.0, "seed": 0, "rules": None, "name": ""}, {"settings": {}})
    assert "<td>4</td>" in text
    assert "<td>0</td>" in text
    assert "rules" not in text
    assert "name" not in text
    assert "details" not in text


def test_nested_names_are_joined_in_order() -> None:
    table = {"a": 1, "b": {"c": 2, "d": {"e": None}, "empty": {}}, "f": [3]}
    assert list(flattened(table).items()) == [("a", 1), ("b.c", 2), ("b.d.e", None), ("f", [3])]
    assert list(flattened(table, "/")) == ["a", "b/c", "b/d/e", "f"]


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    table = Table(["model", "reward"], [["prior", "1.0"], ["psi", "2.0"]])
    assert table.markdown() == (
        "| model | reward |\n| --- | ---: |\n| prior | 1.0 |\n| psi | 2.0 |\n"
    )


def test_a_name_is_a_name_whatever_it_holds() -> None:
    names = ["a|b", "two\nlines", "<img src=x>", "![](http://x/y.png)", "\x1b[31m", "back\\slash"]
    table = Table(["model", "reward"], [[name, "1.0"] for name in names])
    assert table.markdown().splitlines()[2:] == [
        r"| a\|b | 1.0 |",
        r"| two\\nlines | 1.0 |",
        "| &lt;img src=x&gt; | 1.0 |",
        r"| !\[\](http://x/y.png) | 1.0 |",
        r"| \\x1b\[31m | 1.0 |",
        r"| back\\slash | 1.0 |",
    ]
