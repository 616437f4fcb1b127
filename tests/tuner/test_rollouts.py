"""Copies of the policy sample what the policy would, whoever runs them."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from kit import silent, toy_task
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.rollouts import Part, Roller, Written
from sequence_tutor.tuner.settings import TuneSettings

SMALL = {"c": 1.0, "steps": 24, "batch": 8, "collect": 10, "collect_every": 4, "lag": 6}


def tuner(folder: Path, **changes: object) -> Tuner:
    evaluated = {"evaluate_every": 12, "evaluate_samples": 16, "replay": {"warm_start": 8}}
    settings = TuneSettings.model_validate({**SMALL, **evaluated, "rollouts": 3, **changes})
    return Tuner(toy_task(), settings, folder)


class Copied:
    """Samples in a thread, by a copy that went through a pipe as to another machine."""

    def __init__(self, made: Tuner) -> None:
        collector = made.supply.collector
        roller = Roller(
            made.learner.policy,
            collector.exploration,
            made.task,
            torch.device("cpu"),
            compares=collector.compares,
        )
        self._roller: Roller = pickle.loads(pickle.dumps(roller))
        self._values, self.asked = made.learner.policy.values, list[Part]()
        self._turn = threading.Lock()

    def begin(self, parts: Sequence[Part]) -> Callable[[], list[Written]]:
        weights = pickle.dumps(self._values.state_dict())
        self.asked += parts
        found: list[Written] = []

        def run() -> None:
            with self._turn:
                own = pickle.loads(weights)
                found.extend(self._roller.sample(own, part) for part in reversed(parts))

        thread = threading.Thread(target=run)
        thread.start()

        def wait() -> list[Written]:
            thread.join()
            return found[::-1]

        return wait


@pytest.mark.parametrize("algorithm", ["psi", pytest.param("g", marks=pytest.mark.long)])
def test_a_run_learns_the_same_from_copies_elsewhere(tmp_path: Path, algorithm: str) -> None:
    explored = {"exploration": {"kind": "epsilon-policy"}, "algorithm": algorithm}
    here, there = (tuner(tmp_path / name, **explored) for name in ("here", "there"))
    rollouts = there.supply.collector.rollouts
    assert rollouts is not None
    rollouts._sampler = copied = Copied(there)
    here.run(silent)
    there.run(silent)
    for name, one in here.learner.values.state_dict().items():
        assert torch.equal(one, there.learner.values.state_dict()[name]), name
    assert [part.count for part in copied.asked[:3]] == [3, 3, 4]
    assert len({part.seed for part in copied.asked}) == len(copied.asked) / 3
    assert copied.asked[0].strength > copied.asked[-1].strength  # as it is at that update


def test_they_sample_by_the_weights_of_their_update(tmp_path: Path) -> None:
    made = tuner(tmp_path)
    copied = Copied(made)
    part = Part(5, 0, 64, 0.0)
    first, _ = copied.begin([part])()[0], made.run(silent)
    again, learned = Copied(made).begin([part])()[0], copied.begin([part])()[0]
    assert torch.equal(again.tokens, learned.tokens)
    assert not torch.equal(first.tokens, learned.tokens)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lag": 0}, "rollouts is 3, expected 0 without a lag"),
        ({"exploration": {"regrow": 0.5}}, "expected 0 beside regrow, breed, given and critic"),
        ({"algorithm": "ppo", "replay": {"fresh": 1.0}, "batch": 10}, "lag is 6, expected 0: ppo"),
    ],
)
def test_who_cannot_have_them_is_told_so(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TuneSettings.model_validate({**SMALL, "rollouts": 3, **changes})


def test_a_run_without_them_is_recorded_as_before() -> None:
    assert "rollouts" not in TuneSettings.model_validate(SMALL).model_dump()
