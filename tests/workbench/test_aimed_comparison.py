"""What is drawn of runs with aims."""

from __future__ import annotations

from typing import Any

from sequence_tutor.workbench.aimed_comparison import AIMS_MET, PANELS, WORST_MISS, with_aims

REWARDS = {"reward_per_sequence": "reward a sequence"}


def evaluated(low: float, high: float) -> dict[str, Any]:
    """Of a run whose aims are 20 and 60 % of a row, of which these values were reached."""

    def bound(at: float, value: float) -> dict[str, Any]:
        found = {"row": f"row_{at}", "bound": at, "share": True, "prior": 0.0, "goal": at}
        reached = {"value": value, "low": value, "high": value, "met": value >= at}
        return {**found, **reached, "multiplier": 1.0, "price": 1.0}

    aims = {"row_0.2 >= 20 %": bound(0.2, low), "row_0.6 >= 60 %": bound(0.6, high)}
    return {"step": 0, "kl_to_prior_per_token": 0.1, "distinct": 1.0, "aims": aims}


def test_aims_are_drawn_where_all_logs_have_them() -> None:
    logs, panels = with_aims({"psi": [[evaluated(0.1, 0.45), evaluated(0.3, 0.6)]]}, REWARDS)
    assert panels == PANELS
    before, after = logs["psi"][0]
    assert (before[AIMS_MET], before[WORST_MISS]) == (0, 0.5)  # .1 of .2, against .45 of .6
    assert (after[AIMS_MET], after[WORST_MISS]) == (2, 0)


def test_rewards_are_drawn_where_a_log_has_none() -> None:
    given = {"psi": [[evaluated(0.3, 0.6)]], "weights": [[{"step": 0, "aims": {}}]]}
    assert with_aims(given, REWARDS) == (given, REWARDS)
