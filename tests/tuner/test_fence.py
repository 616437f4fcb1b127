"""Nothing outside a fence is scored, and the optimum is that of the sequences inside."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from kit import silent
from sequence_tutor.errors import UserError
from sequence_tutor.sampling.choosing import Candidates
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyDomain, ToyProblem, make_toy
from sequence_tutor.tuner.fence import LOG_P, Fence
from sequence_tutor.tuner.fence_settings import FenceSettings
from sequence_tutor.tuner.fenced import OUTSIDE, Fenced, fenced
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

FEW_ONES = {"ranges": {"token_1": (0.0, 0.4)}, "depth": 6.0}
LENGTH = 3


class Watched:
    """The toy reward, which writes down what it was asked; its terms remember nothing."""

    def __init__(self, toy: ToyProblem) -> None:
        self.toy, self.asked = toy, SequenceBatch.full(torch.zeros(0, LENGTH, dtype=torch.int64))
        self.names, self.weights = toy.reward.names, toy.reward.weights

    def __call__(self, batch: SequenceBatch) -> Tensor:
        self.asked = self.asked + batch
        return self.toy.reward(batch)


class Halves:
    """A child has the first token of its mother and the others of its father."""

    def cross(
        self, mothers: SequenceBatch, fathers: SequenceBatch, generator: torch.Generator
    ) -> SequenceBatch | None:
        return SequenceBatch.full(torch.cat([mothers.tokens[:, :1], fathers.tokens[:, 1:]], 1))


class LastFirst:
    """Ranks sequences by their first token; remembers what it has learned from."""

    def __init__(self) -> None:
        self.learned: list[list[int]] = []

    def rate(self, batch: SequenceBatch) -> Tensor:
        return batch.tokens[:, 0].double()

    def choose(self, kinds: Sequence[Candidates]) -> list[Tensor]:
        rates = [self.rate(kind.batch[kind.unranked :]) for kind in kinds]
        order = [rate.argsort(descending=True, stable=True) for rate in rates]
        return [kind.unranked + one[: kind.ranked] for kind, one in zip(kinds, order, strict=True)]

    def learn(self, batch: SequenceBatch, terms: Tensor) -> None:
        self.learned += batch.to_lists()

    def forget(self) -> None:
        self.learned = []

    def reweigh(self, weights: Tensor) -> None:
        assert len(weights) == 3  # two terms and the fence

    def state(self) -> dict[str, Tensor]:
        return {"learned": torch.tensor(self.learned)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.learned = state["learned"].tolist()


def toy_problem() -> ToyProblem:
    return make_toy(0, vocab_size=3, length=LENGTH, width=32, terminal=True)


def settings(fence: dict[str, Any], **changes: object) -> TuneSettings:
    return TuneSettings.model_validate(
        {
            "c": 1.0,
            "n_steps": "all",
            "paths": "first",
            "steps": 250,
            "batch": 64,
            "collect": 64,
            "collect_every": 4,
            "evaluate_every": 1000,
            "evaluate_samples": 64,
            "replay": {"capacity": 2048, "fresh": 0.25},
            "optimiser": {"learning_rate": 0.04, "fall_from": 0.2},
            "fence": fence,
            **changes,
        }
    )


def every_sequence() -> SequenceBatch:
    return SequenceBatch.full(torch.tensor(list(product(range(3), repeat=LENGTH))))


def log_likelihood(log_probs: Tensor, batch: SequenceBatch) -> Tensor:
    chosen = log_probs.detach().double().gather(2, batch.tokens[:, :, None])
    return chosen.squeeze(2).sum(1)


def few_ones(batch: SequenceBatch) -> Tensor:
    """What the fence says, written otherwise."""
    return (batch.tokens == 1).sum(1) <= 1  # of three


def test_the_optimum_is_that_of_the_sequences_inside(tmp_path: Path) -> None:
    toy, every = toy_problem(), every_sequence()
    task = fenced(Task(toy.prior, toy.reward, LENGTH), settings(FEW_ONES), ToyDomain().numbers)
    policy = Tuner(task, settings(FEW_ONES), tmp_path).run(silent)
    inside = few_ones(every)
    energy = log_likelihood(toy.prior.sequence_log_probs(every.tokens), every)
    energy = energy + (toy.reward(every) @ toy.reward.weights).sum(1)
    wanted = energy[inside].log_softmax(0)  # p exp(r/c) / Z_F, where c is 1
    found = log_likelihood(policy.sequence_log_probs(every.tokens), every)
    own = found[inside].log_softmax(0)
    assert (own.exp() * (own - wanted)).sum() < 0.03
    before = energy.log_softmax(0)[~inside].exp().sum()
    assert before > 0.1
    assert found[~inside].exp().sum() < 0.03


def test_nothing_outside_is_scored_or_learned_from_by_a_critic(tmp_path: Path) -> None:
    toy = toy_problem()
    reward, chooser = Watched(toy), LastFirst()
    chosen = settings(
        FEW_ONES,
        steps=8,
        exploration={"regrow": 0.25, "breed": 0.25},
        critic={"candidates": 4, "unranked": 0.5, "generations": 2, "children": 16},
    )
    task = Task(toy.prior, reward, LENGTH, crosser=Halves())
    tuner = Tuner(task, chosen, tmp_path, chooser=chooser, numbers=ToyDomain().numbers)
    reward.asked = reward.asked[:0]  # before it, only whether terms look ahead was tried
    tuner.run(silent)
    assert len(reward.asked) > 100
    assert bool(few_ones(reward.asked).all())
    learned = SequenceBatch.from_lists(chooser.learned)
    assert bool(few_ones(learned).all())
    stored = tuner.supply.replay.read(torch.arange(len(tuner.supply.replay)))
    outside = ~few_ones(stored.batch)
    assert 0 < int(outside.sum()) < len(stored.batch) / 2  # of those that were not ranked
    # the policy learns from them: 6 nats at c = 1, paid at the last step, and nothing else
    assert stored.terms[outside].sum(1).unique(dim=0).tolist() == [[0, 0, -1]]
    assert tuner.task.reward.weights.tolist() == [1.0, 1.0, 6.0]
    record = tuner.log.records[-1]
    assert -1 < record["reward_terms"][OUTSIDE] < 0  # minus the share outside
    assert record["reported"]["outside_token_1"] == int(outside.sum())


def test_killed_and_resumed_it_ends_the_same(tmp_path: Path) -> None:
    toy = toy_problem()
    fence = {**FEW_ONES, "log_p_percentile": 10.0, "samples": 200}
    chosen = settings(fence, steps=12, evaluate_every=4)
    task = Task(toy.prior, toy.reward, LENGTH)

    def tuner(name: str) -> Tuner:
        return Tuner(task, chosen, tmp_path / name, numbers=ToyDomain().numbers)

    whole = tuner("whole")
    whole.run(silent)
    count = 0

    def killed(_n: int = 1, /, **_live: float | str) -> None:
        nonlocal count
        count += 1
        if count == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuner("killed").run(killed)
    resumed = tuner("killed")
    assert resumed.step == 4
    resumed.run(silent)
    state = resumed.supply.state()
    for name, one in whole.supply.state().items():
        assert torch.equal(one, state[name]), name
    assert state["reward.fence.missed"].sum() > 0
    assert resumed.log.records[-1]["reported"] == whole.log.records[-1]["reported"]


def test_bounds_are_numbers_or_percentiles_of_the_priors_own_sequences() -> None:
    toy, every = toy_problem(), every_sequence()
    task = Task(toy.prior, toy.reward, LENGTH)
    log_p = log_likelihood(toy.prior.sequence_log_probs(every.tokens), every) / LENGTH
    given = Fence(task, FenceSettings(log_p=-1.0))
    assert torch.equal(given.inside(every), log_p >= -1.0)
    assert given.describe() == "log p of -1 nats a token or more"
    asked = FenceSettings(log_p_percentile=20, percentiles={"token_1": (0, 50)}, samples=2000)
    found = Fence(task, asked, ToyDomain().numbers)
    inside = found.inside(every)
    assert list(found.bounds) == ["token_1", LOG_P]  # the cheap one first
    share = log_p.mul(LENGTH).exp()[log_p >= found.bounds[LOG_P][0]].sum()
    assert share == pytest.approx(0.8, abs=0.06)  # some sequences are likely, so it has steps
    ones = (every.tokens == 1).sum(1) / LENGTH
    low, high = found.bounds["token_1"]
    wanted = (log_p >= found.bounds[LOG_P][0]) & (ones >= low - 1e-9) & (ones <= high + 1e-9)
    assert torch.equal(inside, wanted)


def test_a_reward_that_pays_steps_is_paid_at_the_end() -> None:
    toy = make_toy(0, vocab_size=3, length=LENGTH, width=8)
    task = Task(toy.prior, toy.reward, LENGTH)
    reward = Fenced(toy.reward, Fence(task, FenceSettings(log_p=-9)), 2.0)
    assert reward.looks_ahead == toy.reward.names
    every = every_sequence()
    assert torch.equal(reward(every)[..., :-1], toy.reward(every))  # all are inside
    again = Fenced(toy.reward, Fence(task, FenceSettings(log_p=0)), 2.0)
    assert again(every).sum(1).tolist() == [[0, 0, -1]] * 27  # none is
    with pytest.raises(UserError, match="'outside'"):
        Fenced(again, again.fence, 1.0)


@pytest.mark.parametrize(
    ("fence", "changes", "message"),
    [
        ({"log_p": -1, "log_p_percentile": 1}, {}, "expected one of them"),
        ({"ranges": {"a": (2, 1)}}, {}, "lower number first"),
        ({"percentiles": {"a": (0, 101)}}, {}, "from 0 to 100"),
        ({"ranges": {"a": (0, 1)}, "percentiles": {"a": (0, 1)}}, {}, "in ranges and"),
        ({"depth": 3}, {}, "there is no fence"),
        ({"log_p": -1, "samples": 200}, {}, "no bound of the fence is a percentile"),
        ({"log_p": -1}, {"target_kl": 0.1}, "expected a fixed c"),
        ({"log_p": -1}, {"reward_floor": -5}, "minus fence.depth = -20"),
        ({"log_p": -1}, {"aims": {"token_1": ">= 50 %"}}, "a range can be an aim"),
    ],
)
def test_mistakes(fence: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(fence, **changes)


def test_an_unknown_number_is_named() -> None:
    toy = toy_problem()
    task = Task(toy.prior, toy.reward, LENGTH)
    with pytest.raises(UserError, match="unknown number 'tokn_1': did you mean 'token_1'"):
        Fence(task, FenceSettings(ranges={"tokn_1": (0, 1)}), ToyDomain().numbers)


def test_without_a_fence_nothing_is_recorded_of_it() -> None:
    assert "fence" not in TuneSettings().model_dump()
    assert settings({"log_p": -1}).model_dump()["fence"]["log_p"] == -1
