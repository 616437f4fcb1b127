"""Bounds on log Z against the exact one, and the gap to the best of them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.bounds import (
    Valueless,
    difference,
    exact_figures,
    exact_optimum,
    log_z_upper,
    with_best_bound,
)
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.model import load_model, prior_of
from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.measure import Task
from sequence_tutor.smc import sequential_monte_carlo
from sequence_tutor.toy import make_toy
from sequence_tutor.verbs.tune import tune

TOY = make_toy(0, vocab_size=3, length=4, width=16)
C = 0.8


def certain(value: float) -> Estimate:
    return Estimate(value, value, value)


def test_differences_add_squared_reaches() -> None:
    found = difference(Estimate(5.0, 2.0, 8.0), Estimate(1.0, -3.0, 5.0))
    assert (found.value, found.low, found.high) == (4.0, -1.0, 9.0)  # 3-4-5


def test_the_highest_bound_of_all_counts() -> None:
    own = {"objective_per_sequence": certain(1.0), "log_z_bound": certain(2.0)}
    other = {"log_z_bound": certain(math.nan), "log_z_smc": certain(3.0)}
    found = with_best_bound(own, [own, other], 4.0)
    assert found["gap_per_sequence"].value == 2.0
    assert found["gap_per_token"].value == 0.5
    exact = {"log_z_exact": certain(2.5)}
    assert with_best_bound(own, [own, other, exact], 4.0)["gap_per_sequence"].value == 1.5
    kept = {**own, "gap_per_sequence": Estimate(1.0, 0.9, 1.1)}
    assert with_best_bound(kept, [kept], 4.0) == kept  # its own interval knows more
    # a baseline has a bound of its own, but no gap to it yet
    assert with_best_bound(own, [own], 4.0)["gap_per_token"] == certain(0.25)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_both_bounds_enclose_log_z(temperature: float) -> None:
    task = Task(TOY.prior, TOY.reward, 4, prior_temperature=temperature)
    log_optimum, log_z = exact_optimum(task, TOY.space, C)
    if temperature == 1:
        assert log_z == pytest.approx(TOY.soft_optimum(C, 1.0).value, abs=1e-9)
    generator = torch.Generator().manual_seed(0)
    rows = log_optimum.exp().multinomial(20_000, replacement=True, generator=generator)
    upper = log_z_upper(TOY.prior, task, C, enumerate_sequences(3, 4)[rows])
    lower = sequential_monte_carlo(Valueless(TOY.prior), task, C, 20_000, generator).log_z
    assert lower == pytest.approx(log_z, abs=0.2)  # the prior seldom writes what counts
    exact = exact_figures(TOY.prior, task, C)
    assert upper.low < exact["log_z_upper"].value < upper.high
    assert log_z < upper.value
    assert exact["log_z_exact"].value == pytest.approx(log_z)


def test_given_tokens_are_given_to_particles_too() -> None:
    task = Task(TOY.prior, TOY.reward, 4, prefix=(1, 2))
    particles = sequential_monte_carlo(
        Valueless(TOY.prior), task, C, 20_000, torch.Generator().manual_seed(1)
    )
    assert bool((particles.batch.tokens[:, :2] == torch.tensor([1, 2])).all())
    # log Z of the two free tokens, from all nine endings
    every = enumerate_sequences(3, 4)
    every = every[(every.tokens[:, :2] == torch.tensor([1, 2])).all(1)]
    log_p = TOY.prior.sequence_log_probs(every.tokens).gather(2, every.tokens[:, :, None])
    energy = log_p[:, 2:, 0].double().sum(1) + TOY.reward(every).sum((1, 2)) / C
    assert particles.log_z == pytest.approx(float(energy.logsumexp(0)), abs=0.05)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "psi"
    small = {"steps": 60, "batch": 32, "collect": 32, "evaluate_samples": 64}
    tune("toy", folder, overrides={"tune": small}, threads=1, quiet=True)
    return folder


def test_every_model_has_its_gap_to_the_truth(run: Path) -> None:
    model = load_model(run)
    prior, tuned = evaluate([prior_of(model), model], samples=2000, particles=256).columns
    log_z = tuned.statistics["log_z_exact"].value
    assert prior.statistics["log_z_exact"].value == log_z
    for column in (prior, tuned):
        kl = column.statistics["kl_to_optimum_per_sequence"].value
        gap = column.statistics["gap_per_sequence"]
        assert gap.low < kl < gap.high
        assert column.statistics["gap_per_token"].value == pytest.approx(gap.value / 6)
        assert column.statistics["log_z_smc"].value == pytest.approx(log_z, abs=0.5)
    without = evaluate([model], samples=100, particles=0).columns[0].statistics
    assert "log_z_smc" not in without


def test_a_bound_at_a_discount_is_refused(run: Path) -> None:
    model = load_model(run)
    assert model.tune is not None
    short = replace(model, tune=model.tune.model_copy(update={"discount": 0.5}))
    with pytest.raises(UserError, match=r"tuned at discount 0.5, .* expected 0 particles"):
        evaluate([short], samples=100, particles=64)
    assert "log_z_smc" not in evaluate([short], samples=100).columns[0].statistics


def test_hard_values_are_no_twists(run: Path) -> None:
    from sequence_tutor.tuner.methods import METHODS
    from sequence_tutor.tuner.policy import TunedPolicy

    policy = load_model(run).policy
    assert isinstance(policy, TunedPolicy)
    previous = torch.full((3,), policy.vocab_size)
    hard = TunedPolicy(policy.values, METHODS["q"], policy.prior)
    with pytest.raises(UserError, match="q learns the value of the single best sequence"):
        hard.step_with_value(previous, hard.initial_state(3))
    log_policy, value, _ = policy.step_with_value(previous, policy.initial_state(3))
    values, _ = policy.values.step(previous, policy.values.initial_state(3))
    torch.testing.assert_close(value, values.logsumexp(1))
    torch.testing.assert_close(log_policy, values.log_softmax(1))
