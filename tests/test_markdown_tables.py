"""Tables in Markdown."""

from __future__ import annotations

from sequence_tutor.markdown_tables import markdown_table


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    assert markdown_table(["model", "reward"], [["prior", "1.0"], ["psi", "2.0"]]) == (
        "| model | reward |\n| --- | ---: |\n| prior | 1.0 |\n| psi | 2.0 |"
    )


def test_a_name_is_a_name_whatever_it_holds() -> None:
    names = ["a|b", "two\nlines", "<img src=x>", "![](http://x/y.png)", "\x1b[31m", "back\\slash"]
    table = markdown_table(["model", "reward"], [[name, "1.0"] for name in names])
    assert table.splitlines()[2:] == [
        r"| a\|b | 1.0 |",
        r"| two\\nlines | 1.0 |",
        "| &lt;img src=x&gt; | 1.0 |",
        r"| !\[\](http://x/y.png) | 1.0 |",
        r"| \\x1b\[31m | 1.0 |",
        r"| back\\slash | 1.0 |",
    ]
