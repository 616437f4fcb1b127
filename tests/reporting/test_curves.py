from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.reporting.curves import read_run_log, rule_shares, training_curves

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
