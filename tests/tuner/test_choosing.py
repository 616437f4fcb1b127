"""Candidates are ranked before they are scored: the optimum stays, and so do old runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from kit import generator, silent, toy_task
from sequence_tutor.errors import UserError
from sequence_tutor.replay.sampling import draw_shifted_ranks
from sequence_tutor.sampling.choosing import Candidates
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.choosing import Choosing, Written
from sequence_tutor.tuner.critic_settings import CriticSettings
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import distances


class FirstTokens:
    """Predicts the mean return of the scored sequences with the same first token."""

    def __init__(self) -> None:
        self.sums, self.counts = torch.zeros(3), torch.zeros(3)
        self.weights = torch.ones(1)

    def rate(self, batch: SequenceBatch) -> Tensor:
        return (self.sums / self.counts.clamp(min=1)).double()[batch.tokens[:, 0]]

    def choose(self, kinds: Sequence[Candidates]) -> list[Tensor]:
        chosen = []
        for kind in kinds:
            order = self.rate(kind.batch[kind.unranked :]).argsort(descending=True, stable=True)
            chosen.append(kind.unranked + order[: kind.ranked])
        return chosen

    def learn(self, batch: SequenceBatch, terms: Tensor) -> None:
        first = batch.tokens[:, 0]
        self.sums.index_add_(0, first, (terms.sum(1).float() @ self.weights.float()))
        self.counts.index_add_(0, first, torch.ones(len(first)))

    def forget(self) -> None:
        self.sums, self.counts = torch.zeros(3), torch.zeros(3)

    def reweigh(self, weights: Tensor) -> None:
        self.weights = weights

    def state(self) -> dict[str, Tensor]:
        return {"sums": self.sums, "counts": self.counts}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.sums, self.counts = state["sums"].clone(), state["counts"].clone()


class Halves:
    """A child has the first half of its mother and the second of its father."""

    def cross(
        self, mothers: SequenceBatch, fathers: SequenceBatch, generator: torch.Generator
    ) -> SequenceBatch | None:
        half = mothers.tokens.shape[1] // 2
        return SequenceBatch.full(
            torch.cat([mothers.tokens[:, :half], fathers.tokens[:, half:]], 1)
        )


def settings(**changes: object) -> TuneSettings:
    return TuneSettings.model_validate(
        {
            "c": 1.0,
            "steps": 250,
            "batch": 64,
            "collect": 64,
            "collect_every": 4,
            "evaluate_every": 1000,
            "evaluate_samples": 64,
            "exploration": {"regrow": 0.25, "breed": 0.25},
            "critic": {"candidates": 4, "unranked": 0.5, "generations": 2, "children": 64},
            "replay": {"capacity": 2048, "fresh": 0.25, "shift": 10.0},
            "optimiser": {"learning_rate": 0.04, "fall_from": 0.2},
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("algorithm", "form"),
    [
        pytest.param("psi", {"paths": "whole"}, marks=pytest.mark.slow, id="psi whole"),
        pytest.param("g", {"paths": "whole"}, marks=pytest.mark.slow, id="g whole"),
        pytest.param("psi", {"paths": "first"}, id="trajectory balance"),
    ],
)
def test_the_optimum_is_the_same_whatever_is_scored(
    tmp_path: Path, algorithm: str, form: dict[str, object]
) -> None:
    toy = make_toy(0, vocab_size=3, length=3, width=32, terminal=True)
    chosen = settings(algorithm=algorithm, n_steps="all", **form)
    task = Task(toy.prior, toy.reward, 3, crosser=Halves())
    policy = Tuner(task, chosen, tmp_path, chooser=FirstTokens()).run(silent)
    assert distances(toy, policy, chosen)[0] < 0.03


def test_every_kind_keeps_its_share_and_what_is_unranked_is_the_policys_first() -> None:
    def batch(first: int, count: int) -> SequenceBatch:
        tokens = torch.arange(count)[:, None].repeat(1, 2)
        tokens[:, 0] = first
        return SequenceBatch.full(tokens)

    choosing = Choosing(FirstTokens(), CriticSettings(candidates=4, unranked=0.25))
    assert choosing.asked(8) == 32
    scored, own = choosing(
        [Written(batch(0, 32), 8), Written(batch(1, 32), 4), Written(batch(2, 3), 4)]
    )
    assert own == 2
    # two, one and one unranked, then the ranked ones; of the last kind only three were written
    assert scored.tokens[:, 0].tolist() == [0, 0, 1, 2] + [0] * 6 + [1] * 3 + [2] * 2
    assert scored.tokens[:4, 1].tolist() == [0, 1, 0, 0]
    alone = Choosing(FirstTokens(), CriticSettings(candidates=2, unranked=0.01))
    assert alone([Written(batch(0, 4), 2)])[1] == 1


def test_killed_and_resumed_it_ends_the_same(tmp_path: Path) -> None:
    toy = make_toy(0, vocab_size=3, length=4, width=16)
    chosen = settings(steps=12, evaluate_every=4)
    task = Task(toy.prior, toy.reward, 4, crosser=Halves())
    whole = Tuner(task, chosen, tmp_path / "whole", chooser=FirstTokens())
    whole.run(silent)
    first = Tuner(task, chosen, tmp_path / "killed", chooser=FirstTokens())
    count = 0

    def killed(_n: int = 1, /, **_live: float | str) -> None:
        nonlocal count
        count += 1
        if count == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run(killed)
    resumed = Tuner(task, chosen, tmp_path / "killed", chooser=FirstTokens())
    assert resumed.step == 4
    resumed.run(silent)
    for name, one in whole.supply.state().items():
        assert torch.equal(one, resumed.supply.state()[name]), name


def test_ranks_are_drawn_in_proportion_to_their_shifted_inverse() -> None:
    ranks = draw_shifted_ranks(100, 20_000, 0.01, generator())
    edges = torch.arange(101, dtype=torch.float64)
    share = (edges + 1).log().diff() / (edges[-1] + 1).log()  # shift N = 1
    counts = torch.bincount(ranks, minlength=100)
    assert chisquare(counts, share * 20_000).pvalue > 0.001
    assert share[0].item() == pytest.approx(0.15, abs=0.001)
    assert set(draw_shifted_ranks(3, 1000, 100.0, generator()).tolist()) == {0, 1, 2}


def test_a_run_without_a_critic_is_recorded_as_before_there_was_one() -> None:
    values = TuneSettings().model_dump(mode="json")
    assert "critic" not in values
    assert {"breed", "shift", "respell"}.isdisjoint({*values["exploration"], *values["replay"]})
    chosen = settings()
    assert TuneSettings.model_validate(chosen.model_dump(mode="json")) == chosen


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "algorithm": "reinforce-kl",
                "exploration": {},
                "replay": {"fresh": 1.0},
                "collect_every": 1,
                "critic": {"candidates": 4},
            },
            "not from the best of it",
        ),
        ({"aims": {"reward": ">= 1"}}, "beside aims"),
        ({"exploration": {"regrow": 0.5, "breed": 0.5}}, "less than 1 together"),
        ({"critic": {"candidates": 4, "lowest_beta": 2.0}}, "at most highest_beta"),
        ({"critic": {"most": 500}}, "there is no critic"),
        ({"exploration": {}}, "nothing is bred"),
        ({"replay": {"shift": 0.1, "by_return": 0.7}}, "shift says how ranks are drawn"),
        ({"replay": {"respell": 1.0, "priority": "sequence"}}, "expected 'none'"),
        ({"replay": {"shift": 0.1, "priority": "sequence"}}, "replay.shift is 0.1"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        settings(**changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exploration": {}, "critic": {"candidates": 2}}, "nothing predicts"),
        ({"critic": {}, "exploration": {"breed": 0.5}}, "nothing crosses"),
        ({"critic": {}, "exploration": {}, "replay": {"respell": 0.5}}, "one spelling each"),
    ],
)
def test_a_domain_that_cannot_says_so(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    with pytest.raises(UserError, match=expected):
        Tuner(toy_task(), settings(**changes), tmp_path)


def test_a_child_of_two_would_not_begin_as_it_must(tmp_path: Path) -> None:
    toy = make_toy(0, length=4, width=16)
    task = Task(toy.prior, toy.reward, 4, prefix=(1,), crosser=Halves())
    with pytest.raises(UserError, match="beginning that is given"):
        Tuner(task, settings(critic={}, exploration={"breed": 0.5}), tmp_path)
