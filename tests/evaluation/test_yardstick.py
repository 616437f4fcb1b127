"""One table, one reward: named, its parts adding up, marks only where they mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.table import Column
from sequence_tutor.melody.reward import MelodyRewardSettings
from sequence_tutor.melody.scales import Key
from sequence_tutor.reporting.comparison import compare
from sequence_tutor.reporting.saved_table import SavedTable

SAMPLES = 200
OTHER = MelodyRewardSettings(weights={"tonic": 1.0, "leap": 5.0, "key": 0.0})


@pytest.fixture(scope="module")
def models(melody_prior: Path, melody_run: Path) -> list[Model]:
    """A prior, a run, and the same policy as if it had been tuned toward another reward."""
    run = load_model(melody_run)
    other = replace(run, name="other", reward_settings=OTHER)
    return [load_model(melody_prior), run, other]


def columns(models: Sequence[Model]) -> Sequence[Column]:
    return evaluate(models, SAMPLES, particles=0).columns


def test_all_are_judged_by_the_first_tuned_model(models: list[Model]) -> None:
    prior, run, other = columns(models)
    rewards = [name for name in run.statistics if name.startswith("reward_")]
    assert {name for name in other.statistics if name.startswith("reward_")} == {*rewards}
    for name in (*rewards, "starts_with_tonic"):  # the policies are the same, and so is the judge
        assert run.statistics[name] == other.statistics[name]
    assert [column.own_reward for column in (prior, run, other)] == [True, True, False]
    # its own objective remains: at its own weights
    assert run.statistics["objective_per_sequence"] != other.statistics["objective_per_sequence"]
    alone = columns(models[2:])[0]
    assert alone.statistics["gap_per_sequence"] == other.statistics["gap_per_sequence"]
    assert alone.statistics["reward_per_sequence"] != other.statistics["reward_per_sequence"]


@pytest.mark.long
def test_the_judge_is_named_and_follows_the_order(models: list[Model]) -> None:
    prior, run, other = models
    first, second = (
        evaluate(order, 16, particles=8) for order in ([prior, run, other], [prior, other, run])
    )
    assert (first.yardstick, second.yardstick) == ("likes-c", "other")
    caption = second.table().markdown().splitlines()[-1]
    assert "judged by the reward of other, tonic 1, repetition 1" in caption
    assert "leap 5" in caption
    assert "gap of likes-c are those of another reward, used in tuning" in caption
    found = second.to_json()
    assert found["yardstick"]["model"] == "other"
    assert found["models"][0]["weights"] == found["models"][2]["weights"]
    assert [model["own_reward"] for model in found["models"]] == [True, True, False]
    assert "another reward" not in evaluate([prior, run], 16, particles=8).table().markdown()


def test_the_key_is_the_judges(models: list[Model]) -> None:
    prior, run, _ = models
    in_d = replace(run, reward_settings=MelodyRewardSettings(key=Key(tonic="D")))
    tonic = [column.statistics["starts_with_tonic"].value for column in columns([prior, run, in_d])]
    assert tonic[1] == tonic[2]
    assert tonic[1] > 0.1  # of C, though one of them was tuned in D


def test_parts_add_up_to_the_reward(models: list[Model]) -> None:
    for column in columns([models[0], models[2]]):
        statistics = column.statistics
        parts = [
            estimate.value
            for name, estimate in statistics.items()
            if name.startswith("reward_") and name != "reward_per_sequence"
        ]
        assert len(parts) == 8  # key has weight 0
        assert sum(parts) == pytest.approx(statistics["reward_per_sequence"].value)


def test_only_what_is_comparable_is_marked(models: list[Model]) -> None:
    prior, run, other = models
    colder = replace(run, name="colder", tune=run.tune and run.tune.model_copy(update={"c": 0.5}))
    evaluation = evaluate([prior, run, other, colder], SAMPLES, particles=0)
    table = compare(SavedTable.model_validate(evaluation.to_json()), prior.domain)
    rows = {row.label: row.cells for row in table.rows}
    for place, marked in ((1, True), (2, False), (3, False)):
        assert bool(rows["objective per sequence"][place].verdict) == marked
        assert rows["reward tonic"][place].verdict == "better"
    assert "All are judged by the reward of likes-c: key 1, tonic 3" in table.yardstick
    assert "gap of other are those of another reward" in table.yardstick


def test_shares_say_what_they_are_shares_of(models: list[Model]) -> None:
    markdown = evaluate(models[:1], 16).table().markdown()
    assert "| notes not in key % of sixteenths |" in markdown
    assert "| starts with tonic % |" in markdown
