"""G-learning on priors that are tables, against the exact optimum of a machine of states."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pytest
import torch

from kit import silent
from sequence_tutor.errors import UserError
from sequence_tutor.exact.finite_state import FiniteProblem, StateTable, finite_soft_optimum
from sequence_tutor.models import ActionValueNetwork
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.beginning import chosen_start, initial_values
from sequence_tutor.tuner.logbook import evaluate_policy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings


class Automaton:
    """Pays what a machine of states says. Satisfies `Reward`."""

    names = ("automaton",)
    weights = torch.ones(1, dtype=torch.float64)

    def __init__(self, table: StateTable) -> None:
        self.table = table

    def __call__(self, batch: SequenceBatch) -> torch.Tensor:
        return self.table.along(batch.tokens).where(batch.mask, 0.0)[:, :, None]


def onward(state: Hashable, token: int) -> tuple[Hashable, float]:
    """Tokens of three classes: pays where they follow each other in a circle, twice in a row."""
    last, was_onward = state if isinstance(state, tuple) else (None, False)
    is_onward = last is not None and token % 3 == (last + 1) % 3
    return (token % 3, is_onward), float(is_onward and was_onward)


def melodic_prior(order: int, vocab_size: int, length: int) -> NGramPrior:
    """Counted in random walks: like melodies, they move by small steps and leap at times."""
    generator = torch.Generator().manual_seed(0)
    moves = torch.randint(-2, 3, (400, length), generator=generator)
    leaps = torch.randint(-6, 7, (400, length), generator=generator)
    leaping = torch.rand(400, length, generator=generator) < 0.2
    walks = (leaps.where(leaping, moves).cumsum(1) + vocab_size // 2) % vocab_size
    return NGramPrior(order, vocab_size, walks.tolist())


def divergence_after_tuning(
    prior: NGramPrior, length: int, folder: Path, samples: int, **changes: object
) -> tuple[float, float]:
    """KL(pi || pi*) of the policy that G learns, and that of the prior, in nats a sequence."""
    rule = StateTable.from_rule(onward, None, prior.vocab_size)
    task = Task(prior, Automaton(rule), length)
    settings = TuneSettings.model_validate(
        {"algorithm": "g", "evaluate_samples": 64, "evaluate_every": 10_000, "c": 1.0, **changes}
    )
    optimum = finite_soft_optimum(
        FiniteProblem.product(prior.state_table(), rule, length), settings.c
    )
    policy = Tuner(task, settings, folder).run(silent)
    measuring = settings.model_copy(update={"evaluate_samples": samples})
    # KL(pi || pi*) = log Z - E[r/c + log p - log pi]
    missing = [
        optimum.value
        - evaluate_policy(judged, task, measuring, named_generator(1, "judge"))[
            "objective_per_sequence"
        ]
        for judged in (policy, prior)
    ]
    return missing[0], missing[1]


@pytest.mark.long
def test_g_reaches_the_exact_optimum_of_a_table_of_counts(tmp_path: Path) -> None:
    tuned, untuned = divergence_after_tuning(
        melodic_prior(2, 12, 12),
        12,
        tmp_path,
        samples=2000,
        steps=300,
        batch=64,
        collect=128,
        collect_every=4,
        network={"cell": "gru", "width": 32},
        optimiser={"learning_rate": 0.01, "warm_up": 10},
    )
    assert untuned > 1.0
    assert tuned < 0.07


@pytest.mark.slow
def test_g_reaches_the_exact_optimum_at_the_size_of_melodies(tmp_path: Path) -> None:
    tuned, untuned = divergence_after_tuning(
        melodic_prior(3, 38, 32),
        32,
        tmp_path,
        samples=4000,
        steps=1500,
        batch=64,
        collect=256,
        collect_every=8,
        network={"cell": "gru", "width": 64},
        optimiser={"learning_rate": 0.005},
    )
    assert untuned > 2.0
    assert tuned < 0.1


@pytest.mark.parametrize("algorithm", ["psi", "q", "rl-only"])
def test_methods_that_begin_with_weights_refuse_a_black_box(algorithm: str) -> None:
    settings = TuneSettings.model_validate({"algorithm": algorithm})
    with pytest.raises(UserError, match=rf"^{algorithm} .* black box .* expected algorithm 'g'"):
        chosen_start(melodic_prior(2, 5, 4), settings)


def test_g_refuses_to_begin_with_the_weights_of_a_black_box() -> None:
    settings = TuneSettings(algorithm="g", start="weights")
    with pytest.raises(UserError, match=r"g with start 'weights' .* expected .* start 'zero'"):
        chosen_start(melodic_prior(2, 5, 4), settings)


@pytest.mark.parametrize("cell", ["lstm", "gru", "transformer"])
def test_a_fresh_network_is_zero_and_depends_on_the_seed_alone(cell: str) -> None:
    prior = melodic_prior(2, 5, 4)
    made: list[ActionValueNetwork] = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(made))
        network = {"cell": cell, "width": 8}
        settings = TuneSettings.model_validate({"algorithm": "g", "seed": seed, "network": network})
        made.append(initial_values(prior, settings, "zero", 4))
    tokens = torch.randint(5, (3, 4), generator=torch.Generator().manual_seed(0))
    assert torch.equal(made[0](tokens), torch.zeros(3, 4, 5))
    first, again, other = (torch.cat([p.flatten() for p in one.parameters()]) for one in made)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
