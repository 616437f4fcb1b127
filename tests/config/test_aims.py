"""Aims are read as people write them, and refused in one sentence."""

from __future__ import annotations

import pytest

from sequence_tutor.config.aims import Aim, parse_aims, split_aim, table_of
from sequence_tutor.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (">= 90 %", 0.9, None),
        (">= 0.9", 0.9, None),
        ("<= .6%", None, 0.006),
        ("-0.1 .. 0.1", -0.1, 0.1),
        ("10..20 %", 0.1, 0.2),
        ("= 0.25", 0.245, 0.255),  # half a unit of the last digit
        ("= 90 %", 0.895, 0.905),
        ("= 12", 11.5, 12.5),
        (">= -1.35", -1.35, None),
    ],
)
def test_a_bound_is_read(text: str, low: float | None, high: float | None) -> None:
    (aim,) = parse_aims({"row": text})
    assert (aim.low, aim.high) == (low, high)
    assert aim.share == ("%" in text)


def test_percent_and_fraction_are_the_same_number() -> None:
    for percent in ("99.9", "0.6", "57", "1.4"):
        (one,) = parse_aims({"row": f">= {percent} %"})
        (other,) = parse_aims({"row": f">= {float(percent) / 100:.5f}"})
        assert one.low == other.low


def test_distinct_says_of_how_many() -> None:
    (aim,) = parse_aims({"distinct": ">= 99.9 % of 100,000"})
    assert (aim.low, aim.draws) == (0.999, 100_000)
    (usual,) = parse_aims({"distinct": ">= 99.9 %"})
    assert usual.draws == 100_000
    assert str(aim) == "distinct >= 99.9 % of 100,000"


def test_a_comma_parts_thousands_and_is_no_decimal_point() -> None:
    (aim,) = parse_aims({"row": "1,000 .. 1,250,000.5"})
    assert (aim.low, aim.high) == (1000, 1_250_000.5)
    (plain,) = parse_aims({"row": ">= 1_000"})
    assert plain.low == 1000
    (small,) = parse_aims({"row": ">= 1e-05 %"})
    assert small.low == pytest.approx(1e-7)
    with pytest.raises(SettingsError, match="decimals follow a point"):
        split_aim("row <= 0,6 %")


@pytest.mark.parametrize(
    "text", ["a >= 99.995 %", "a <= 349.95", "a 0.28 .. 0.290001", "a >= 29 % within 0.001"]
)
def test_an_aim_is_shown_as_it_was_written(text: str) -> None:
    (aim,) = parse_aims(table_of([text], "test"))
    assert aim.text == text


def test_a_tolerance_beside() -> None:
    (one,) = parse_aims({"row": {"aim": ">= 0.9", "within": 0.002}})
    (other,) = parse_aims({"row": ">= 0.9 within 0.002"})
    assert one == other == Aim(row="row", low=0.9, within=0.002)


def test_two_bounds_of_one_row_are_one_aim() -> None:
    (aim,) = parse_aims({"row": [">= 0.2", "<= 0.4", ">= 0.3"]})
    assert (aim.low, aim.high) == (0.3, 0.4)
    assert aim.miss(0.25) == pytest.approx(0.05)
    assert aim.miss(0.35) == 0


def test_what_an_aim_has_once_is_the_same_in_all_aims_for_a_row() -> None:
    (aim,) = parse_aims({"row": [">= 0.2 within 0.01", "<= 0.4 within 1 %"]})
    assert (aim.low, aim.high, aim.within) == (0.2, 0.4, 0.01)
    for other in ("<= 0.4 within 0.02", "<= 0.4"):
        with pytest.raises(SettingsError, match=r"aims.row: two tolerances, 0.01 and 0.0\d?,"):
            parse_aims({"row": [">= 0.2 within 0.01", other]})
    (aim,) = parse_aims({"distinct": [">= 90 % of 1,000", "<= 99 %"]})
    assert (aim.low, aim.high, aim.draws) == (0.9, 0.99, 1000)
    with pytest.raises(SettingsError, match="of 1,000 and of 10,000 draws, expected one number"):
        parse_aims({"distinct": [">= 90 % of 1,000", "<= 99 % of 10,000"]})


@pytest.mark.parametrize(
    ("text", "row", "wanted"),
    [
        ("starts_with_tonic >= 90 %", "starts_with_tonic", ">= 90 %"),
        ("ac1 -0.1 .. 0.1", "ac1", "-0.1 .. 0.1"),
        ("ac1 = -0.1 ", "ac1", "= -0.1"),
        ("share(TPSA in 40..90)>=95 %", "share(TPSA in 40..90)", ">=95 %"),
        ("share(TPSA in 40..90) 0.9 .. 1", "share(TPSA in 40..90)", "0.9 .. 1"),
    ],
)
def test_row_and_bound_are_told_apart(text: str, row: str, wanted: str) -> None:
    assert split_aim(text) == (row, wanted)


@pytest.mark.parametrize(
    ("aims", "message"),
    [
        ({"row": "90 %"}, "aims.row is '90 %', expected such as '>= 90 %'"),
        ({"row": "> 3"}, "aims.row is '> 3', expected such as"),
        ({"row": 3}, "aims.row is 3, expected such as"),
        (
            {"row": ">= 0.5 of 10"},
            "'of N' is said of distinct and distinct_NAME, and of no other row",
        ),
        ({"row": [">= 0.5", "<= 0.4"]}, "aims.row: at least 0.5 and at most 0.4 exclude each"),
        ({"distinct": ">= 0.5 of 1"}, "aims.distinct: draws is 1, expected a number greater than"),
        ({"row": ">= 0.5 within -1"}, "aims.row: within is -1.0, expected a number greater than"),
        ({"row": ">= 1e300"}, "aims.row: low is 1e[+]300, expected at most"),
        ({"row": {"aim": ">= 1", "withn": 1}}, "unknown name 'withn', expected within"),
        ({"row": []}, r"aims.row is \[\], expected such as"),
        ({"row": "<= 0,6 %"}, "aims.row is '<= 0,6 %', .*decimals follow a point, not a comma"),
        ({"row": "<= 40,60 %"}, "decimals follow a point"),
        ({"row": "<= 0,600"}, "decimals follow a point"),
        ({"row": ">= 1e999"}, "aims.row is '>= 1e999', expected finite numbers"),
        ({"row": ">= 1e9999999 %"}, "aims.row is '>= 1e9999999 %', expected such as"),
        ({"row": "= 1e99999999999999999999"}, "expected such as"),
        ({"row": ">= 1 within 1e999"}, "expected finite numbers"),
    ],
)
def test_what_is_no_aim_is_refused(aims: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        parse_aims(aims)


@pytest.mark.parametrize("text", ["tonic", ">= 90 %", "tonic 90 %", "tonic > 90 %"])
def test_what_is_no_aim_of_a_command_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected a row and what it should be"):
        split_aim(text)
