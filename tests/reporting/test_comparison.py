from __future__ import annotations

import math
from typing import Any

import pytest

from sequence_tutor.domain import Better, find_domain
from sequence_tutor.estimates import UNDEFINED, Estimate
from sequence_tutor.reporting.comparison import Verdict, compare, verdict
from sequence_tutor.reporting.grouping import group_of
from sequence_tutor.reporting.saved_table import SavedTable, SavedYardstick

PRIOR = Estimate(0.5, 0.4, 0.6)


def saved(name: str, tuned: bool, **values: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "name": name,
        "domain": "melody",
        "tune": {"c": 1.0} if tuned else None,
        "weights": {"tonic": 1.0},
        "statistics": {
            statistic: dict(zip(("value", "low", "high"), ends, strict=True))
            for statistic, ends in values.items()
        },
    }


def table(*models: dict[str, Any], **published: float) -> SavedTable:
    return SavedTable.model_validate(
        {"models": models, "published": {"Q": published}, "samples": 10, "seed": 3}
    )


@pytest.mark.parametrize(
    ("better", "tuned", "expected"),
    [
        ("higher", Estimate(0.8, 0.7, 0.9), "better"),
        ("lower", Estimate(0.8, 0.7, 0.9), "worse"),
        ("higher", Estimate(0.2, 0.1, 0.3), "worse"),
        ("lower", Estimate(0.2, 0.1, 0.3), "better"),
        # a difference of .14, and sqrt(.1^2 + .1^2) = .141 is its reach
        ("higher", Estimate(0.64, 0.54, 0.74), "even"),
        ("higher", Estimate(0.65, 0.55, 0.75), "better"),
        ("nearer 0", Estimate(-0.2, -0.3, -0.1), "better"),
        ("nearer 0", Estimate(-0.8, -0.9, -0.7), "worse"),
        ("nearer 0", Estimate(-0.5, -0.6, -0.4), "even"),
        ("higher", PRIOR, "even"),
        ("higher", UNDEFINED, ""),
        ("higher", Estimate(0.9, -math.inf, math.inf), ""),
        (None, Estimate(0.9, 0.8, 1.0), ""),
    ],
)
def test_the_verdict(better: Better | None, tuned: Estimate, expected: Verdict) -> None:
    assert verdict(better, PRIOR, tuned) == expected


def test_rows_have_units_intervals_verdicts_and_what_was_published() -> None:
    found = compare(
        table(
            saved("prior", False, starts_with_tonic=(0.1, 0.05, 0.15), reward_tonic=(1, 0.9, 1.1)),
            saved("psi", True, starts_with_tonic=(0.9, 0.85, 0.95), reward_tonic=(1, 0.9, 1.1)),
            starts_with_tonic=0.287,
        ),
        find_domain("melody"),
    )
    tonic, rule = found.rows
    assert (tonic.label, tonic.aim, tonic.published) == ("starts with tonic %", "higher", ["28.70"])
    prior, psi = tonic.cells
    assert (prior.value, prior.interval, prior.verdict) == ("10.00", "5.00 to 15.00", "")
    assert (psi.value, psi.interval, psi.verdict) == ("90.00", "85.00 to 95.00", "better")
    assert (rule.label, rule.aim, rule.cells[1].verdict) == ("reward tonic", "higher", "even")
    assert found.labels("better", 1) == ["starts with tonic %"]
    assert (found.samples, found.seed, found.published) == (10, 3, ["Q"])


def test_without_one_prior_nothing_is_judged() -> None:
    priors = [saved(name, False, distinct=(0.5, 0.4, 0.6)) for name in ("prior", "other")]
    psi = saved("psi", True, distinct=(0.9, 0.8, 1.0))
    for models in ([psi], [*priors, psi]):
        (row,) = compare(table(*models), find_domain("melody")).rows
        assert {cell.verdict for cell in row.cells} == {""}


def test_what_nobody_has_is_no_row_and_null_is_undefined() -> None:
    nothing: Any = (None, None, None)
    found = compare(
        table(
            saved("prior", False, distinct=nothing, gap_per_token=nothing),
            saved("psi", True, distinct=nothing, gap_per_token=(-0.5, None, None)),  # type: ignore[arg-type]
        ),
        find_domain("melody"),
    )
    (row,) = found.rows
    assert [cell.value for cell in row.cells] == ["", "\u22120.500"]
    assert row.cells[1].interval == ""


def test_what_can_be_heard_comes_first_and_theory_is_apart() -> None:
    melody = find_domain("melody")
    names = ("starts_with_tonic", "reward_tonic", "kl_to_prior_per_token", "gap_per_token")
    assert [group_of(name, melody) for name in names] == ["like", "part", "near", "theory"]
    assert group_of("reward_per_sequence", melody) == "reward"
    assert group_of("log_z_smc", melody) == "theory"
    model = saved("psi", True, **dict.fromkeys(reversed(names), (1.0, 0.0, 2.0)))
    found = compare(table(model), melody)
    shown = found.grouped("melodies", theory=False)
    assert [title for title, _ in shown] == [
        *("What the melodies are like", "What they are paid"),
        "Variety, and distance from the prior",
    ]
    ((_, (gap,)),) = found.grouped("melodies", theory=True)
    assert gap.label == "gap per token"


def test_parts_that_pay_nobody_are_no_rows() -> None:
    nothing = (0.0, 0.0, 0.0)
    model = saved("psi", True, reward_leap=nothing, reward_per_sequence=nothing)
    found = compare(table(model), find_domain("melody"))
    assert [row.label for row in found.rows] == ["reward per sequence"]


def test_a_part_that_is_all_of_the_reward_is_no_row_and_is_said_in_words() -> None:
    points = (-3.0, -4.0, -2.0)
    model = saved("psi", True, reward_per_sequence=points, reward_aims=points)
    aims = model | {"weights": {"aims": 1.0}}
    judge = SavedYardstick(model="psi", reward="aims 1")
    found = compare(table(aims).model_copy(update={"yardstick": judge}), find_domain("melody"))
    assert [row.label for row in found.rows] == ["reward per sequence"]
    assert (
        found.yardstick == "All are judged by the reward of psi, which pays what its aims ask for."
    )
