from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.reporting.aims import aim_curves
from sequence_tutor.reporting.curves import read_run_log, rule_shares, training_curves
from sequence_tutor.storage.run_log import Record

from .conftest import record, write_log

LOGS = {
    "psi": [record(0, -3, tonic=1, motif=-2), record(10, 4, tonic=2, motif=-1)],
    "q": [record(0, 1, tonic=1), record(10, 2, tonic=2)],
}
WEIGHTS = {"psi": {"tonic": 3.0, "motif": 2.0}, "q": {"tonic": 0.5}}


def test_every_logged_figure_has_a_chart_with_a_line_a_run() -> None:
    charts = training_curves(LOGS, 1)
    assert [chart.title for chart in charts] == [
        "reward a sequence",
        "exact KL to the prior a token, nats",
    ]
    assert [(line.label, line.style) for line in charts[0].lines] == [("psi", 1), ("q", 2)]
    assert charts[0].summary == "reward a sequence: psi from -3 to 4; q from 1 to 2"


def bound(row: str, value: float, goal: float, price: float, *, share: bool) -> dict[str, object]:
    """What a log says of an aim `row >= 0.9`."""
    own = {"row": row, "bound": 0.9, "goal": goal, "price": price, "share": share}
    return own | {"value": value, "low": value, "high": value, "prior": 0.1, "met": value >= 0.9}


def aimed(step: int, value: float, price: float) -> Record:
    """An evaluation of a run that is paid for two aims alone."""
    aims = {
        "the_row >= 90 %": bound("the_row", value, 0.5, price, share=True),
        "row >= 0.9": bound("row", 0.95, 0.9, 0.0, share=False),
    }
    return record(step, 0.0) | {"aims": aims}


def test_a_run_that_is_paid_for_aims_alone_has_no_chart_of_a_reward_that_is_always_0() -> None:
    logs = {"aims": [aimed(0, 0.1, 0.0), aimed(10, 0.9, 30.0)]}
    charts = training_curves(logs, 1, ["aims"])
    assert [chart.summary for chart in charts][:2] == [
        "aims met: aims from 1 to 2",
        "worst miss, as a part of its bound: aims from 0.889 to 0",  # (.9 - .1) / .9
    ]
    assert "reward" not in charts[2].title
    both = training_curves({**logs, **LOGS}, 1, ["aims"])
    assert both[0].title == "reward a sequence"
    assert [line.label for line in both[0].lines] == ["psi", "q"]


def test_an_aim_has_its_unit_its_goal_and_its_price() -> None:
    logs = {"aims": [aimed(0, 0.1, 0.0), aimed(10, 0.9, 30.0)]}
    assert [chart.summary for chart in aim_curves(logs, 1)] == [
        "the row ≥ 90 %: aims from 10 to 90; goal from 50 to 50",
        "price of the row ≥ 90 %, nats a point: aims from 0 to 0.3",
        "row ≥ 0.9: aims from 0.95 to 0.95; goal from 0.9 to 0.9",
    ]


def test_rules_are_weighed_and_have_their_share() -> None:
    shares = rule_shares(LOGS, WEIGHTS, 1)
    assert shares is not None
    assert [chart.summary for chart in shares.charts] == [
        "tonic: psi from 3 to 6; q from 0.5 to 1",
        "motif: psi from -4 to -2",
    ]
    # psi ends with 3 * 2 = 6 and 2 * -1 = -2, of 8 in all; q has one rule
    assert shares.last == [("tonic", [(6.0, 75.0), (1.0, 100.0)]), ("motif", [(-2.0, 25.0), None])]


def test_logs_that_do_not_tell_rules_apart() -> None:
    assert rule_shares({"psi": [record(0, 1)]}, {"psi": {"tonic": 1.0}}, 1) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no evaluation in it"),
        ("{broken\n", "damaged, expected one JSON object a line"),
        ('{"step": 0}\n[1]\n', "line 2: no evaluation"),
        ('{"reward": 0}\n', "line 1: no evaluation"),
        ("\x80\n", "damaged"),
    ],
)
def test_a_damaged_log_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "training.jsonl").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message):
        read_run_log(tmp_path)


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_log(tmp_path, LOGS["psi"])
    assert read_run_log(tmp_path) == LOGS["psi"]
