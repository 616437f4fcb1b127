"""The price list of a run with aims."""

from __future__ import annotations

import pytest

from sequence_tutor.estimates import exactly
from sequence_tutor.evaluation.prices import price_list


def entry(row: str, bound: float, price: float, **more: object) -> dict[str, object]:
    return {
        "row": row,
        "bound": bound,
        "share": False,
        "prior": 0.2,
        "value": bound,
        "low": bound - 0.1,
        "high": bound + 0.1,
        "price": price,
        "met": True,
        **more,
    }


def test_parts_are_price_times_way() -> None:
    found = price_list(
        {
            "a >= 0.5": entry("a", 0.5, 2.0, share=True),  # 2 x .3
            "b <= 0.1": entry("b", 0.1, 14.0),  # 14 x .1
            "c >= 0.1": entry("c", 0.1, 0.0),
        },
        0.25,
    )
    a, b, c = found.prices
    assert (a.part, b.part, c.part) == pytest.approx((0.3, 0.7, 0.0))
    assert a.price == pytest.approx(0.02)  # of a point
    assert b.price == 14.0
    assert found.sentence == (
        "all aims together: 0.25 nats a token from the prior; dearest b <= 0.1 (70 % of the way); "
        "free c >= 0.1"
    )


def test_many_free_aims_are_counted_and_not_named() -> None:
    aims = {f"{name} >= 0.1": entry(name, 0.1, 0.0) for name in "abcde"}
    paid = {"f >= 0.5": entry("f", 0.5, 2.0)}
    assert price_list({**aims, **paid}, 0.25).sentence.endswith("; 5 of 6 bounds are free")


def test_more_samples_say_what_is_reached() -> None:
    aims = {"a >= 0.5": entry("a", 0.5, 2.0)}
    assert price_list(aims, 0.1, {"a": exactly(0.6)}).prices[0].met
    missed = price_list(aims, 0.1, {"a": exactly(0.49)}).prices[0]
    assert not missed.met
    assert missed.reached.value == 0.49


def test_a_tolerance_counts_also_with_more_samples() -> None:
    aims = {"a >= 0.5": entry("a", 0.5, 2.0, within=0.02)}
    assert price_list(aims, 0.1, {"a": exactly(0.49)}).prices[0].met
    assert not price_list(aims, 0.1, {"a": exactly(0.47)}).prices[0].met


def test_the_sign_is_that_after_the_name_of_the_row() -> None:
    row = "contains >="
    aims = {f"{row} <= 0.5": entry(row, 0.5, 2.0)}
    assert not price_list(aims, 0.1, {row: exactly(0.6)}).prices[0].met
    assert price_list(aims, 0.1, {row: exactly(0.4)}).prices[0].met


def test_a_row_that_nothing_defines_has_no_value() -> None:
    aims = {"a >= 0.5": entry("a", 0.5, 2.0, prior=None, value=None, low=None, high=None)}
    found = price_list(aims, 0.1)
    assert found.to_json()["aims"][0]["reached"]["value"] is None
    assert found.table().rows[0][1] == ""
