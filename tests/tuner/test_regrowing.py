"""What is regrown begins as something that was found, and the learner stays exact beside it."""

from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare

from kit import generator
from sequence_tutor.replay.sequences import SequenceReplay, Stored
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.regrowing import Regrower, cut
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import distances

ONE_STEP: dict[str, object] = {"n_steps": 1, "paths": "every", "eta": 0.1}
WHOLE: dict[str, object] = {"n_steps": "all", "paths": "whole"}


def filled(rows: list[list[int]], length: int) -> SequenceReplay:
    """A store of some sequences, the first ones the best."""
    replay = SequenceReplay(100, length, torch.ones(1, dtype=torch.float64))
    batch = SequenceBatch.from_lists(rows)
    terms = torch.zeros(*batch.tokens.shape, 1)
    terms[:, 0, 0] = -torch.arange(len(rows)).float()
    replay.add(Stored(batch, terms, torch.zeros(batch.tokens.shape)))
    return replay


def test_every_place_between_a_third_and_the_last_two_is_as_likely() -> None:
    kept = cut(torch.full((6000,), 9), 0, generator())
    counts = torch.bincount(kept, minlength=10)
    assert counts.nonzero().flatten().tolist() == [3, 4, 5, 6, 7]
    assert chisquare(counts[3:8]).pvalue > 0.001


@pytest.mark.parametrize(("length", "least", "expected"), [(1, 0, 1), (3, 0, 1), (6, 5, 5)])
def test_a_short_sequence_and_a_prefix_are_kept(length: int, least: int, expected: int) -> None:
    assert cut(torch.tensor([length]), least, generator()).tolist() == [expected]


def test_what_is_regrown_begins_as_a_parent_and_goes_on_as_the_prior() -> None:
    toy = make_toy(0, vocab_size=3, length=6, width=16)
    parent = [2, 2, 2, 0, 1, 2]
    task = Task(toy.prior, toy.reward, 6)
    regrown = Regrower(task, filled([parent], 6), 0.5, generator())(4000)
    assert regrown.tokens.shape == (4000, 6)
    assert regrown.tokens[:, :2].unique(dim=0).tolist() == [parent[:2]]
    # the last two tokens are never kept: they follow the prior, whatever was kept before
    log_probs = toy.prior.sequence_log_probs(regrown.tokens)[:, 4:].exp()  # (B, 2, V)
    for step in (0, 1):
        wanted = log_probs[:, step].double().sum(0)
        found = torch.bincount(regrown.tokens[:, 4 + step], minlength=3)
        assert chisquare(found, wanted * (4000 / wanted.sum())).pvalue > 0.001


def test_better_parents_are_taken_more_often() -> None:
    toy = make_toy(0, vocab_size=3, length=6, width=16)
    rows = [[place // 3, place % 3, 0, 0, 0, 0] for place in range(9)]
    regrown = Regrower(Task(toy.prior, toy.reward, 6), filled(rows, 6), 0.5, generator())(9000)
    found = torch.bincount(regrown.tokens[:, 0] * 3 + regrown.tokens[:, 1], minlength=9)
    edges = torch.arange(10, dtype=torch.float64).div(9).sqrt()  # density ~ k^-1/2
    assert chisquare(found, edges.diff() * 9000).pvalue > 0.001


def test_another_spelling_is_cut_and_what_was_written_is_put_right() -> None:
    class Upwards:
        """The order of a sequence's tokens means nothing; as a rule they rise."""

        def varied(
            self, batch: SequenceBatch, generator: torch.Generator, share: float = 0.5
        ) -> SequenceBatch:
            return SequenceBatch(batch.tokens.flip(1), batch.lengths)

        def settled(self, batch: SequenceBatch) -> SequenceBatch:
            return SequenceBatch(batch.tokens.sort(1).values, batch.lengths)

    toy = make_toy(0, vocab_size=3, length=6, width=16)
    replay = filled([[0, 0, 0, 0, 2, 2]], 6)
    task = Task(toy.prior, toy.reward, 6, speller=Upwards())
    regrown = Regrower(task, replay, 0.5, generator())(100).tokens
    assert torch.equal(regrown, regrown.sort(1).values)
    assert bool((regrown[:, 4:] == 2).all())  # both 2s were in the beginning that was kept
    # with a prefix nothing is spelt otherwise, for it would not begin so
    primed = Task(toy.prior, toy.reward, 6, prefix=(0, 0, 0), speller=Upwards())
    assert Regrower(primed, replay, 0.5, generator())(100).tokens[:, :3].unique().tolist() == [0]


def settings(**changes: object) -> TuneSettings:
    return TuneSettings.model_validate(
        {
            "c": 1.0,
            "steps": 200,
            "batch": 64,
            "collect": 64,
            "collect_every": 4,
            "evaluate_every": 1000,
            "evaluate_samples": 64,
            "exploration": {"regrow": 0.5},
            "replay": {"capacity": 2048, "fresh": 0.25, "by_return": 0.0},
            "optimiser": {"learning_rate": 0.04, "fall_from": 0.2},
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("algorithm", "form"),
    [
        pytest.param("psi", ONE_STEP, marks=pytest.mark.long, id="psi one-step"),
        pytest.param("psi", WHOLE, marks=pytest.mark.long, id="psi whole"),
        pytest.param("g", WHOLE, id="g whole"),
        pytest.param("q", ONE_STEP, marks=pytest.mark.long, id="q one-step"),
    ],
)
def test_the_optimum_is_the_same_whoever_writes_the_sequences(
    tmp_path: Path, algorithm: str, form: dict[str, object]
) -> None:
    toy = make_toy(0, vocab_size=3, length=3, width=32, terminal=True, end_token=2)
    chosen = settings(algorithm=algorithm, **form)
    task = Task(toy.prior, toy.reward, 3, 2)
    policy = Tuner(task, chosen, tmp_path).run(lambda _n=1, /, **_live: None)
    kl, value_error = distances(toy, policy, chosen)
    assert kl < 0.03
    assert value_error is not None
    assert value_error < 0.1


def test_the_first_collection_is_the_policys_own_and_of_the_next_a_half(tmp_path: Path) -> None:
    toy = make_toy(0, vocab_size=3, length=6, width=16)
    chosen = settings(steps=1, collect=10, batch=10)
    tuner = Tuner(Task(toy.prior, toy.reward, 6), chosen, tmp_path)
    assert tuner.supply.collector.regrower.count(10) == 0
    tuner.run(lambda _n=1, /, **_live: None)
    assert tuner.supply.collector.regrower.count(10) == 5


def test_the_last_call_of_a_budget_is_the_policys(tmp_path: Path) -> None:
    toy = make_toy(0, vocab_size=3, length=6, width=16)
    chosen = settings(
        steps=2, collect=10, collect_every=1, batch=10, budget=11, exploration={"regrow": 0.9}
    )
    tuner = Tuner(Task(toy.prior, toy.reward, 6), chosen, tmp_path)
    tuner.run(lambda _n=1, /, **_live: None)
    assert tuner.supply.scored == 11
    assert tuner.supply.collector.regrower.count(1) == 0


def test_policy_gradients_refuse_what_another_has_written() -> None:
    with pytest.raises(ValueError, match=r"exploration\.regrow = 0"):
        settings(algorithm="reinforce-kl", collect=64, collect_every=1, replay={"fresh": 1.0})
