"""Aims at what real sequences have, in numbers from a prior's card."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor import tune
from sequence_tutor.config.aims import split_aim
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.tuner.real_aims import in_numbers, length_remark

CARD = {
    "real": {
        "32": {
            "count": 161,
            "statistics": {
                "leaps_resolved": {"value": 0.9474, "low": 0.8456, "high": 1.0},
                "loops": {"value": 0.0, "low": 0.0, "high": 0.0233},
                "repeated_notes": {"value": 0.0701, "low": 0.049, "high": 0.0912},
                "notes_per_bar": {"value": 5.4627, "low": 5.1645, "high": 5.7609},
                "four_bars_from_training": {"value": None, "low": None, "high": None},
            },
        },
        "128": {
            "count": 146,
            "statistics": {"leaps_resolved": {"value": 0.7897, "low": 0.7155, "high": 0.864}},
        },
    }
}


@pytest.mark.parametrize(
    ("row", "wanted", "expected"),
    [
        ("repeated_notes", "real", "4.9 % .. 9.12 %"),
        ("repeated_notes", "= real", "4.9 % .. 9.12 %"),
        ("repeated_notes", ">= real", ">= 7.01 %"),
        ("repeated_notes", "<=real", "<= 7.01 %"),
        ("notes_per_bar", "real", "5.165 .. 5.761"),
        ("leaps_resolved", "real", ">= 84.56 %"),
        ("loops", "real", "<= 2.33 %"),
        ("loops", "<= 3 %", "<= 3 %"),
        ("loops", [">= 1 %", "<= real"], [">= 1 %", "<= 0 %"]),
        ("loops", {"aim": "<= real", "within": 0.1}, {"aim": "<= 0 %", "within": 0.1}),
    ],
)
def test_the_word_stands_for_the_interval_or_the_value(
    row: str, wanted: object, expected: object
) -> None:
    assert in_numbers({row: wanted}, find_domain("melody"), CARD, 32) == {row: expected}


def test_figures_of_the_nearest_length_are_taken_and_said() -> None:
    domain, aims = find_domain("melody"), {"leaps_resolved": "real"}
    assert in_numbers(aims, domain, CARD, 128) == {"leaps_resolved": "71.55 % .. 86.4 %"}
    assert in_numbers(aims, domain, CARD, 96) == {"leaps_resolved": "71.55 % .. 86.4 %"}
    assert "those of 128 tokens" in length_remark(aims, domain, CARD, 96)
    assert not length_remark(aims, domain, CARD, 128)
    assert not length_remark({"leaps_resolved": ">= 80 %"}, domain, CARD, 96)


@pytest.mark.parametrize("row", ["four_bars_from_training", "motif_comes_back"])
def test_a_row_of_which_the_card_says_nothing_is_refused(row: str) -> None:
    with pytest.raises(SettingsError, match=f"aims.{row}: the prior's card does not say what real"):
        in_numbers({row: "real"}, find_domain("melody"), CARD, 32)


@pytest.mark.parametrize(
    "real",
    [
        "gone",
        {"soon": {}, "0": {}},
        {"32": 3},
        {"32": {"statistics": ["loops"]}},
        {"32": {"statistics": {"loops": 3}}},
        {"32": {"statistics": {"loops": {"value": "much", "low": True, "high": None}}}},
    ],
)
def test_a_card_may_hold_anything(real: object) -> None:
    with pytest.raises(SettingsError, match="does not say what real tunes have"):
        in_numbers({"loops": "real"}, find_domain("melody"), {"real": real}, 32)


def test_a_prior_without_figures_is_refused_before_any_work(tmp_path: Path) -> None:
    aims = {"four_bars_from_training": "real"}  # tunes of two bars have no four
    with pytest.raises(UserError, match="does not say what real tunes have"):
        tune("melody", tmp_path / "run", prior="tunes", aims=aims, quiet=True)
    assert not (tmp_path / "run").exists()


def test_an_option_may_have_the_word() -> None:
    assert split_aim("motif_comes_back >= real") == ("motif_comes_back", ">= real")
    assert split_aim("loops = real") == ("loops", "= real")
    with pytest.raises(SettingsError, match="expected a row and what it should be"):
        split_aim("loops real")
