from __future__ import annotations

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms import CarbonRun, Short

CARD = {
    "shortest": 12,
    "longest_carbon_run": 9,
    "carbon_run_quantiles": {"0.9": 3, "0.99": 5},
}


def test_short_counts_the_tokens_that_are_missing() -> None:
    term = Short(limit=12)
    assert term("N", 1) == -11
    assert term("CCCCCCCCCCCC", 12) == 0
    assert term("CCCCCCCCCCCCC", 13) == 0


def test_carbon_run_counts_the_carbons_that_are_too_many() -> None:
    term = CarbonRun(limit=4)
    assert term("CCCC(CCCC)Cl", 9) == 0
    assert term("CCCCCCN", 7) == -2
    assert term("C" * 50, 50) == -46


def test_limits_come_from_the_training_data() -> None:
    assert Short().limited("short", CARD).limit == 12
    assert CarbonRun().limited("run", CARD).limit == 9
    assert CarbonRun(quantile=0.99).limited("run", CARD).limit == 5
    assert Short(limit=3).limited("short", CARD).limit == 3
    assert CarbonRun(limit=0).limited("run", CARD).limit == 0


def test_a_limit_that_nobody_gives() -> None:
    with pytest.raises(UserError, match=r"term 'short' has no limit .* \[reward\.terms\.short\]"):
        Short().limited("short", {})
    with pytest.raises(UserError, match="term 'run' has no limit"):
        CarbonRun(quantile=0.5).limited("run", {})
    with pytest.raises(UserError, match=r"quantile 0\.95, expected one .*: 0\.9, 0\.99 or 1"):
        CarbonRun(quantile=0.95).limited("run", CARD)
