import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.sampling.measure import Task
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.seeds import check_seeds
from sequence_tutor.tuner.settings import TuneSettings

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
