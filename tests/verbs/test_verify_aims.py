"""`verify --aims` against the exact constrained optimum."""

from __future__ import annotations

import pytest

from sequence_tutor.config.aims import parse_aims
from sequence_tutor.errors import UserError
from sequence_tutor.toy import make_toy
from sequence_tutor.verbs.verify import soft_forms
from sequence_tutor.verbs.verify_aims import (
    INFEASIBLE,
    exact_optimum,
    settings_of_form,
    verify_aims,
)


def test_the_rounds_are_tight_and_slack_where_they_should_be() -> None:
    toy = make_toy(0)
    found = exact_optimum(
        toy, parse_aims({"token_2": ">= 40 %", "token_0": "<= 90 %", "repeats_of_0": ">= 0.6"})
    )
    tight, slack, quotient = found.multipliers.tolist()
    assert tight > 0.5
    assert slack < 1e-6
    assert quotient > 0.5
    assert found.gap < 1e-6
    assert not exact_optimum(toy, parse_aims({"token_2": ">= 80 %", "token_0": ">= 60 %"})).feasible


def test_soft_algorithms_alone_have_this_optimum() -> None:
    forms = soft_forms()
    assert "psi-whole" in forms
    assert "reinforce-kl" in forms
    assert not {"q", "rl-only", "q-whole"} & set(forms)
    with pytest.raises(UserError, match="unknown soft algorithm 'q'"):
        verify_aims(names=["q"], quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["psi", "psi-whole", "g-whole", "tb"])
def test_an_algorithm_comes_to_the_constrained_optimum(name: str) -> None:
    for row in verify_aims(names=[name], threads=1, quiet=True)["algorithms"]:
        if row["round"] == INFEASIBLE:
            assert row["said_infeasible"]
            continue
        assert row["kl_to_optimum"] < 0.01
        assert row["multiplier_error"] < 0.05
        assert row["worst_miss"] < 0.005
        assert not row["said_infeasible"]


def test_every_soft_form_has_settings_that_fit() -> None:
    for name in soft_forms():
        settings = settings_of_form(name, parse_aims({"token_2": ">= 40 %"}), seed=0)
        assert settings.aims
        assert settings.aims_alone
