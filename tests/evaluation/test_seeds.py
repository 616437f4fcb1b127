"""Runs of one setting are found among others, and their figures' spread is between them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.config.presets import build
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.seeds import between_seeds, problem_of, seeds_table
from sequence_tutor.toy import ToyDomain


def model(name: str, seed: int | None, value: float | None, **tune: object) -> dict[str, Any]:
    settings = None if seed is None else {"seed": seed, "c": 4.0, "target_kl": None, **tune}
    figure = {"value": value, "low": None, "high": None}
    return {
        "name": name,
        "domain": "melody",
        "weights": {"key": 1.0},
        "tune": settings,
        "statistics": {"distinct": figure},
    }


def test_runs_that_differ_in_their_seed_alone_are_one_group() -> None:
    models = [
        model("prior", None, 1.0),
        model("psi", 1, 0.1),
        model("psi 2", 2, 0.3),
        model("psi 3", 3, 0.8),
        model("other c", 4, 0.9, c=5.0),
        model("psi again", 1, 0.1, steps=9),
        model("copy of psi", 1, 0.1),  # no fourth seed
        {**model("another prior", 5, 0.9), "problem": "of another hash"},
    ]
    (group,) = between_seeds(models)
    assert (group.name, list(group.seeds)) == ("psi", [1, 2, 3])
    spread = group.statistics["distinct"]
    assert spread.mean.value == pytest.approx(0.4)
    assert (spread.lowest, spread.highest) == (0.1, 0.8)
    # s = sqrt((.09 + .01 + .16) / 2), t of 2 degrees of freedom = 4.303
    assert spread.mean.high - spread.mean.value == pytest.approx(
        4.303 * (0.13 / 3) ** 0.5, rel=1e-3
    )
    table = seeds_table([group], ToyDomain())
    assert table.header == ["statistic", "psi (seeds 1, 2, 3)"]
    assert table.rows == [["distinct %", "40.00 ±89.57 (10.00 to 80.00)"]]
    assert "| distinct % | 40.00 ±89.57 (10.00 to 80.00) |" in table.markdown()


def test_a_found_c_is_no_setting_and_what_one_lacks_has_no_spread() -> None:
    found = [model("a", 1, 0.5, target_kl=0.2, c=3.0), model("b", 2, None, target_kl=0.2, c=3.3)]
    (group,) = between_seeds(found)
    assert group.statistics == {}
    assert between_seeds(found[:1]) == []
    assert between_seeds([found[0], found[0]]) == []


def test_another_prior_or_another_constant_of_the_reward_is_another_problem(
    melody_prior: Path,
) -> None:
    own = load_model(melody_prior)
    other = replace(own, stored=replace(own.stored, prior=load_model("melody").stored.prior))
    in_d = build(own.domain.reward_settings, {"key": {"tonic": "D"}}, "reward")
    moved = replace(own, reward_settings=in_d)
    problems = [problem_of(one) for one in (own, load_model(melody_prior), other, moved)]
    assert problems[0] == problems[1]
    assert len(set(problems)) == 3
