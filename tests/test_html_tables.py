"""Tables as notebooks show them."""

from __future__ import annotations

from sequence_tutor.flat_tables import flattened
from sequence_tutor.html_tables import html_facts, html_table


def test_what_is_written_is_text_and_no_markup() -> None:
    text = html_table(["<a>", "b"], [("<script>", ["1 & 2"])])
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
