"""Tables in Markdown."""

from __future__ import annotations

from sequence_tutor.markdown_tables import markdown_table


def test_names_stand_to_the_left_and_figures_to_the_right() -> None:
    assert markdown_table(["model", "reward"], [["prior", "1.0"], ["psi", "2.0"]]) == (
        "| model | reward |\n| --- | ---: |\n| prior | 1.0 |\n| psi | 2.0 |"
    )
