from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from kit import silent
from sequence_tutor.errors import UserError
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.toy import ToyReward, make_toy
from sequence_tutor.tuner.checks import check_budget, check_seeds, steps_for_budget
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stage_settings import StageSettings


class Counted:
    """A reward that counts what it scores."""

    def __init__(self, reward: ToyReward) -> None:
        self.reward, self.names, self.weights = reward, reward.names, reward.weights
        self.scored = 0

    def __call__(self, batch: SequenceBatch) -> Tensor:
        self.scored += len(batch)
        return self.reward(batch)


@pytest.mark.parametrize("budget", [1, 16, 40, 100])
@pytest.mark.parametrize("warm_start", [0, 20])
def test_no_sequence_more_is_scored(budget: int, warm_start: int, tmp_path: Path) -> None:
    toy = make_toy(0, length=4, width=16)
    reward = Counted(toy.reward)
    settings = TuneSettings.model_validate(
        {
            "budget": budget,
            "batch": 16,
            "collect": 16,
            "collect_every": 2,
            "evaluate_every": 1000,
            "evaluate_samples": 8,
            "replay": {"capacity": 200, "warm_start": warm_start},
        }
    )
    settings = settings.model_copy(update={"steps": steps_for_budget(settings, budget)})
    tuner = Tuner(Task(toy.prior, reward, 4), settings, tmp_path)
    reward.scored = 0  # what it was tried on before
    tuner.run(silent)
    records = read_log(tmp_path / LOG_FILE)
    assert records[-1]["scored_sequences"] == budget
    assert reward.scored == budget + 8 * len(records)  # evaluations are nobody's experience


@pytest.mark.parametrize(
    ("budget", "warm_start", "steps"),
    [
        (512, 0, 8),  # one collection, learned from in 8 updates
        (513, 0, 16),  # another one of a single sequence
        (1536, 600, 8),  # two collections before the first update
        (100, 600, 8),  # all of it before; one round of updates is made all the same
    ],
)
def test_updates_follow_from_collections(budget: int, warm_start: int, steps: int) -> None:
    settings = TuneSettings.model_validate({"replay": {"warm_start": warm_start}})
    assert steps_for_budget(settings, budget) == steps


@pytest.mark.parametrize(
    ("warm_start", "seeds", "most"),
    [
        (0, 0, 3),  # 16, 16 and 8 sequences
        (16, 0, 2),
        (0, 8, 2),
    ],
)
def test_no_policy_gradient_outlives_its_budget(warm_start: int, seeds: int, most: int) -> None:
    def given(steps: int) -> TuneSettings:
        replay = {"fresh": 1.0, "capacity": 200, "warm_start": warm_start}
        tables = {"budget": 40, "batch": 16, "collect": 16, "collect_every": 1, "steps": steps}
        return TuneSettings.model_validate({"algorithm": "dap", **tables, "replay": replay})

    check_budget(given(most), seeds)
    with pytest.raises(UserError, match=f"steps is {most + 1}, expected at most {most}: dap"):
        check_budget(given(most + 1), seeds)
    stages = given(most).model_copy(update={"stages": (StageSettings(), StageSettings(steps=1))})
    with pytest.raises(UserError, match=f"steps is {most + 1}"):
        check_budget(stages, seeds)
    learns_from_replay = given(most + 1).model_copy(update={"algorithm": "psi"})
    check_budget(learns_from_replay, seeds)


def test_a_run_is_refused_before_it_begins(tmp_path: Path) -> None:
    toy = make_toy(0, length=4, width=16)
    small = {"algorithm": "ppo", "budget": 512, "replay": {"fresh": 1.0}}
    with pytest.raises(UserError, match="steps is 3000, expected at most 8: ppo"):
        Tuner(Task(toy.prior, toy.reward, 4), TuneSettings.model_validate(small), tmp_path)


def test_seeds_count(tmp_path: Path) -> None:
    toy = make_toy(0, length=4, width=16)
    task = Task(toy.prior, toy.reward, 4)
    settings = TuneSettings.model_validate({"budget": 2})
    with pytest.raises(UserError, match="3 seeds, expected 1 to"):
        Tuner(task, settings, tmp_path, seeds=[[0, 0, 0, 0]] * 3)


TOY = make_toy(0, length=4, width=8)
FIXED = Task(TOY.prior, TOY.reward, 4)
ENDING = Task(TOY.prior, TOY.reward, 4, end_token=3, prefix=(1,))


def room_for(count: int) -> TuneSettings:
    return TuneSettings(budget=count)


@pytest.mark.parametrize(
    ("task", "seeds"),
    [(FIXED, [[0, 1, 2, 3], [3, 3, 3, 3]]), (ENDING, [[1, 3], [1, 0, 0, 3], [1, 0, 0, 0]])],
)
def test_whole_sequences_are_taken(task: Task, seeds: list[list[int]]) -> None:
    check_seeds(seeds, task, room_for(10))


@pytest.mark.parametrize(
    ("task", "seed", "problem"),
    [
        (FIXED, [0, 1, 2], "seed 2 has 3 tokens, expected 4"),
        (FIXED, [0, 1, 2, 3, 0], "seed 2 has 5 tokens, expected at most 4"),
        (FIXED, [0, 1, 2, 4], "seed 2 has the token 4, expected 0 to 3"),
        (ENDING, [1, 3, 0], "seed 2 does not end with its first end token"),
        (ENDING, [1, 0, 0], "seed 2 does not end with its first end token"),
        (ENDING, [0, 1, 3], r"seed 2 begins with \[0\], expected \[1\]"),
    ],
)
def test_what_the_policy_could_not_have_written_is_refused(
    task: Task, seed: list[int], problem: str
) -> None:
    good = [0, 1, 2, 3] if task is FIXED else [1, 3]
    with pytest.raises(UserError, match=problem):
        check_seeds([good, seed], task, room_for(10))


def test_more_than_replay_holds_are_refused() -> None:
    with pytest.raises(UserError, match=r"3 seeds, expected 1 to replay.capacity = 2"):
        check_seeds([[0, 1, 2, 3]] * 3, FIXED, room_for(2))
