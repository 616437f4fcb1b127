import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import Stage, most_steps, stages_of

REWARD = make_toy(0, length=3, width=8).reward


def planned(*stages: dict[str, object], **changes: object) -> list[Stage]:
    given = {"c": 2.0, "c_begin": 8.0, "steps": 100, "stages": stages, **changes}
    return stages_of(TuneSettings.model_validate(given), REWARD)


def rewards(*values: float) -> list[dict[str, float]]:
    return [{"reward_per_sequence": value} for value in values]


def test_a_run_without_stages_is_one() -> None:
    (only,) = planned()
    assert (only.name, only.settings.c, only.settings.steps) == (None, 2.0, 100)
    assert only.weights.tolist() == [1.0, 1.0]
    assert not only.is_over(rewards(1e9, 0.0, 0.0, 0.0))


def test_each_stage_changes_what_it_names_and_nothing_else() -> None:
    first, second = planned({"weights": {"pair": 0.0}}, {"name": "end", "c": 0.5, "steps": 7})
    assert (first.name, second.name) == ("1", "end")
    assert (first.settings.c, second.settings.c) == (2.0, 0.5)
    assert (first.settings.c_begin, second.settings.c_begin) == (8.0, None)
    assert (first.settings.steps, second.settings.steps) == (100, 7)
    assert first.weights.tolist() == [1.0, 0.0]
    assert second.weights.tolist() == [1.0, 1.0]
    assert second.weights.dtype == torch.float64


def test_all_updates_are_those_of_all_stages() -> None:
    given = {"steps": 100, "stages": [{}, {"steps": 7}]}
    assert most_steps(TuneSettings.model_validate(given)) == 107
    assert most_steps(TuneSettings(steps=30)) == 30


def test_a_stage_ends_at_a_reward() -> None:
    (stage,) = planned({"until_reward": 3.0})
    assert not stage.is_over([])
    assert not stage.is_over(rewards(4.0, 2.9))
    assert stage.is_over(rewards(0.0, 3.0))


def test_a_stage_ends_when_it_has_stalled() -> None:
    (stage,) = planned({"until_stalled": 2})
    assert not stage.is_over(rewards(1.0, 0.5))
    assert stage.is_over(rewards(1.0, 0.5, 1.0))
    assert not stage.is_over(rewards(1.0, 0.5, 1.1))


def test_a_weight_of_no_term_is_refused_with_the_stage() -> None:
    with pytest.raises(UserError, match=r"stage 2: weight for 'pear', .* did you mean 'pair'"):
        planned({}, {"weights": {"pear": 1.0}})
