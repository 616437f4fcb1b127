"""A term of weight 0 is not computed in a stage; the next stage that weighs it scores replay.

Of terms that are summed, and of terms that a mean is made of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kit import KilledError, silent
from sequence_tutor.errors import UserError
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import WeightedReward
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import stages_of

STAGES = [{"weights": {"twos": 0.0}, "steps": 20}, {"steps": 20}, {"weights": {"ones": 0.0}}]
SETTINGS = TuneSettings.model_validate(
    {
        "c": 1.0,
        "steps": 20,
        "batch": 16,
        "collect": 16,
        "collect_every": 2,
        "evaluate_every": 20,
        "evaluate_samples": 64,
        "replay": {"capacity": 1000, "fresh": 0.0},
        "stages": STAGES,
    }
)
PRIOR = make_toy(0, length=4, width=16).prior


class Counting(WeightedReward[SequenceBatch]):
    """Pays for ones and for twos, and notes how many sequences each term has seen."""

    def __init__(self) -> None:
        self.seen = {"ones": 0, "twos": 0}

        def paying(name: str, token: int) -> object:
            def term(batch: SequenceBatch) -> Tensor:
                self.seen[name] += len(batch)
                return ((batch.tokens == token) & batch.mask).double()

            return term

        terms = {"ones": paying("ones", 1), "twos": paying("twos", 2)}
        super().__init__(lambda batch: batch, terms, {})  # type: ignore[arg-type]


class Whole:
    """The same terms, always all of them."""

    def __init__(self, reward: Reward) -> None:
        self.names, self.weights, self._reward = reward.names, reward.weights, reward

    def __call__(self, batch: SequenceBatch) -> Tensor:
        return self._reward(batch)


class Mean(Counting):
    """The mean of both terms, weighted; both are stored, and pay nothing by themselves."""

    aggregate = "mean"
    names = ("ones", "twos", "mean")
    weights = torch.tensor([0.0, 0.0, 1.0])

    def __init__(self) -> None:
        super().__init__()
        self.shares = {"ones": 1.0, "twos": 3.0}

    def share(self, shares: Mapping[str, float]) -> None:
        self.shares = dict(shares)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        own = super().__call__(batch)
        return torch.cat([own, self.mean_of(own)], 2)

    def complete(self, batch: SequenceBatch, terms: Tensor, names: Collection[str]) -> Tensor:
        own = terms[..., :2]
        for place, name in enumerate(("ones", "twos")):
            if name in names:
                own[..., place] = self._paid(batch, [name])[..., place]
        return torch.cat([own, self.mean_of(own)], 2)

    def mean_of(self, own: Tensor) -> Tensor:
        shares = torch.tensor(list(self.shares.values()), dtype=own.dtype)
        return (own @ (shares / shares.sum())).unsqueeze(2)


def test_a_stage_weighs_within_a_mean(tmp_path: Path) -> None:
    reward = Mean()
    tuner = Tuner(Task(PRIOR, reward, 4), SETTINGS, tmp_path)
    begun = reward.seen["twos"]
    seen: dict[int, tuple[Mapping[str, float], int]] = {}

    def note(_n: int = 1, /, **_: float | str) -> None:
        seen.setdefault(tuner.step, (reward.shares, reward.seen["twos"]))

    tuner.run(note)
    assert [seen[step][0] for step in (1, 21, 41)] == [
        {"ones": 1.0, "twos": 0.0},
        {"ones": 1.0, "twos": 3.0},
        {"ones": 0.0, "twos": 3.0},
    ]
    assert seen[20][1] == begun  # it is not computed in the first stage
    assert seen[21][1] >= begun + 160  # and then for all that is stored
    assert reward.shares == {"ones": 1.0, "twos": 3.0}
    terms = load_checkpoint(tmp_path / STATE_FILE)[0]["replay.terms"]
    one, two, mean = terms[:320].unbind(2)
    assert torch.equal(mean, two)  # the last stage weighs nothing else, in all that is stored
    assert not torch.equal(one, two)
    returns = load_checkpoint(tmp_path / STATE_FILE)[0]["replay.returns"]
    assert torch.equal(returns[:320], mean.sum(1).to(returns))


def test_a_killed_run_with_a_mean_goes_on_bit_for_bit(tmp_path: Path) -> None:
    def stop(_n: int = 1, /, **_: float | str) -> None:
        if tuner.step == 30:
            raise KilledError

    Tuner(Task(PRIOR, Mean(), 4), SETTINGS, tmp_path / "whole").run(silent)
    tuner = Tuner(Task(PRIOR, Mean(), 4), SETTINGS, tmp_path / "killed")
    with pytest.raises(KilledError):
        tuner.run(stop)
    tuner = Tuner(Task(PRIOR, Mean(), 4), SETTINGS, tmp_path / "killed")
    tuner.run(silent)
    one, other = (load_checkpoint(tmp_path / name / STATE_FILE)[0] for name in ("whole", "killed"))
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ({"twos": -1.0}, "stage 1: the weight of 'twos' is -1, expected 0 or more in a mean"),
        ({"ones": 0.0, "twos": 0.0}, "stage 1: every term of the mean or product has weight 0"),
        ({"threes": 1.0}, "stage 1: weight for 'threes', which the reward does not score"),
    ],
)
def test_weights_that_a_mean_cannot_have(weights: dict[str, float], complaint: str) -> None:
    settings = TuneSettings.model_validate({"stages": [{"weights": weights}]})
    with pytest.raises(UserError, match=complaint):
        stages_of(settings, Mean())


def test_terms_are_computed_where_a_stage_weighs_them(tmp_path: Path) -> None:
    reward = Counting()
    tuner = Tuner(Task(PRIOR, reward, 4), SETTINGS, tmp_path)
    begun = dict(reward.seen)
    counts: dict[int, dict[str, int]] = {}

    def note(n: int = 1, /, **live: float | str) -> None:
        counts.setdefault(tuner.step, dict(reward.seen))
        if "scoring" in live:
            assert (n, tuner.step) == (0, 20)
            assert live["scoring"] == "160 of 160 stored sequences"

    tuner.run(note)
    evaluated, collected = 64, 160  # of each evaluation, of each stage
    first = {name: counts[20][name] - begun[name] for name in begun}
    assert first == {"ones": evaluated + collected, "twos": 0}  # the evaluation at step 20 follows
    second = {name: counts[40][name] - counts[20][name] for name in begun}
    assert second == {"ones": 2 * evaluated + collected - evaluated, "twos": 2 * collected}
    third = {name: reward.seen[name] - counts[40][name] for name in begun}
    assert third["twos"] == 2 * evaluated + collected
    assert third["ones"] == evaluated
    logged = [sorted(record["reward_terms"]) for record in tuner.log.records]
    assert logged == [["ones"], ["ones"], ["ones", "twos"], ["twos"]]
    assert reward.left_out == frozenset()  # an object of the user is given back as it was


def test_the_run_is_that_of_a_reward_that_always_computes_all(tmp_path: Path) -> None:
    states = []
    for name, reward in (("counting", Counting()), ("whole", Whole(Counting()))):
        Tuner(Task(PRIOR, reward, 4), SETTINGS, tmp_path / name).run(silent)
        states.append(load_checkpoint(tmp_path / name / STATE_FILE)[0])
    one, other = states
    # the last stage leaves out ones, so that the newest sequences have no such payments
    newest = torch.arange(320, 480)
    assert one.keys() == other.keys()
    for key in one.keys() - {"replay.terms"}:
        assert torch.equal(one[key], other[key]), key
    assert torch.equal(one["replay.terms"][:320], other["replay.terms"][:320])
    assert not one["replay.terms"][newest][..., 0].any()


@pytest.mark.parametrize("at", [*(pytest.param(at, marks=pytest.mark.long) for at in (10, 30)), 20])
def test_a_killed_run_goes_on_bit_for_bit(at: int, tmp_path: Path) -> None:
    def stop(_n: int = 1, /, **live: float | str) -> None:
        if tuner.step == at and (at != 20 or "scoring" in live):
            raise KilledError

    Tuner(Task(PRIOR, Counting(), 4), SETTINGS, tmp_path / "whole").run(silent)
    tuner = Tuner(Task(PRIOR, Counting(), 4), SETTINGS, tmp_path / "killed")
    with pytest.raises(KilledError):
        tuner.run(stop)
    tuner = Tuner(Task(PRIOR, Counting(), 4), SETTINGS, tmp_path / "killed")
    assert tuner.step == (0 if at <= 20 else 20)
    tuner.run(silent)
    one, other = (load_checkpoint(tmp_path / name / STATE_FILE)[0] for name in ("whole", "killed"))
    assert all(torch.equal(one[key], other[key]) for key in one)
