"""Bounds on log Z against the exact one, and the gap to the best of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate, difference, within
from sequence_tutor.evaluation.bounds import log_z_upper, valued, with_best_bound
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.exact_optimum import exact_figures, exact_optimum, own_optimum
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.exact import Levels, enumerate_sequences
from sequence_tutor.models import State
from sequence_tutor.objectives.pareto import pareto_k
from sequence_tutor.sampling.importance import ImportanceWeights
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.smc import sequential_monte_carlo
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.tune import tune

TOY = make_toy(0, vocab_size=3, length=4, width=16)
C = 0.8


def certain(value: float) -> Estimate:
    return Estimate(value, value, value)


def test_differences_add_squared_reaches() -> None:
    found = difference(Estimate(5.0, 2.0, 8.0), Estimate(1.0, -3.0, 5.0))
    assert (found.value, found.low, found.high) == (4.0, -1.0, 9.0)  # 3-4-5


def assert_near(found: Estimate, *expected: float) -> None:
    assert (found.value, found.low, found.high) == pytest.approx(expected)


def at_least(value: float) -> Estimate:
    return Estimate(value, -math.inf, math.inf)


def test_bounds_are_joined_by_the_mean_of_their_estimates_of_z() -> None:
    own = {"objective_per_sequence": Estimate(1.0, 0.9, 1.1), "log_z_bound": at_least(2.0)}
    other = {"log_z_bound": certain(math.nan), "log_z_smc": at_least(3.0)}
    gap = with_best_bound(own, [own, other], 4.0)["gap_per_sequence"]
    assert gap.value == pytest.approx(math.log((math.exp(2) + math.exp(3)) / 2) - 1)
    assert (gap.low, gap.high) == (-math.inf, math.inf)  # at least, and no interval
    exact = with_best_bound(own, [own, other, {"log_z_exact": certain(2.5)}], 4.0)
    assert_near(exact["gap_per_sequence"], 1.5, 1.4, 1.6)
    assert exact["gap_per_token"].value == 1.5 / 4
    sure = {"log_z_bound": Estimate(2.2, 2.0, 2.4)}  # counts alone, and not as independent
    gap = with_best_bound(own, [own, other, sure], 4.0)["gap_per_sequence"]
    assert_near(gap, 1.2, 0.9, 1.5)
    kept = {**own, "log_z_bound": certain(2.0), "gap_per_sequence": Estimate(1.0, 0.9, 1.1)}
    assert with_best_bound(kept, [kept, other], 4.0) == kept  # its own interval knows more
    other_objective = {"objective_per_sequence": certain(math.nan)}
    assert with_best_bound(other_objective, [sure], 4.0) == other_objective


def simulated(count: int, spread: float, repeats: int) -> list[tuple[bool, bool]]:
    """Log weights N(0, s^2): log Z is s^2 / 2, and so is the gap. (has an interval, it holds)."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(repeats):
        weights = ImportanceWeights()
        draw = torch.randn(count, generator=generator, dtype=torch.float64)
        weights.update(spread * draw)
        figures = weights.result()
        gap = within(figures.gap, figures.gap_error)
        found.append((figures.can_be_trusted, gap.low <= spread**2 / 2 <= gap.high))
    return found


@pytest.mark.parametrize(("count", "spread"), [(300, 3.0), (30, 0.3), (1000, 2.5)])
def test_where_a_handful_carries_the_weight_there_is_no_interval(count: int, spread: float) -> None:
    assert sum(trusted for trusted, _ in simulated(count, spread, 100)) <= 2


@pytest.mark.parametrize(("count", "spread"), [(1000, 0.6), (1000, 1.0)])
def test_an_interval_that_is_there_holds_the_truth(count: int, spread: float) -> None:
    held = [holds for trusted, holds in simulated(count, spread, 200) if trusted]
    assert len(held) > 150
    assert sum(held) / len(held) > 0.88


@pytest.mark.slow
@pytest.mark.parametrize("count", [300, 1000, 10_000])
@pytest.mark.parametrize("spread", [0.3, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_intervals_hold_wherever_most_samples_have_one(count: int, spread: float) -> None:
    held = [holds for trusted, holds in simulated(count, spread, 1000) if trusted]
    assert len(held) < 600 or sum(held) / len(held) > 0.87


def test_the_shape_of_a_tail_is_found() -> None:
    uniform = (torch.arange(5000, dtype=torch.float64) + 0.5) / 5000
    for k in (0.3, 0.7, 1.2):
        assert pareto_k((((1 - uniform) ** -k - 1) / k).log(), 5000) == pytest.approx(k, abs=0.2)
    assert pareto_k(torch.zeros(100), 100) == -math.inf
    assert pareto_k(torch.zeros(8), 8) == math.inf


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_both_bounds_enclose_log_z(temperature: float) -> None:
    task = Task(TOY.prior, TOY.reward, 4, prior_temperature=temperature)
    log_optimum, log_z = exact_optimum(task, TOY.space, C)
    if temperature == 1:
        assert log_z == pytest.approx(TOY.soft_optimum(C, 1.0).value, abs=1e-9)
    generator = torch.Generator().manual_seed(0)
    rows = log_optimum.exp().multinomial(20_000, replacement=True, generator=generator)
    upper = log_z_upper(TOY.prior, task, C, enumerate_sequences(3, 4)[rows])
    lower = sequential_monte_carlo(valued(TOY.prior, None), task, C, 20_000, generator).log_z
    assert lower == pytest.approx(log_z, abs=0.2)  # the prior seldom writes what counts
    exact = exact_figures(TOY.prior, task, C)
    assert upper.low < exact["log_z_upper"].value < upper.high
    assert log_z < upper.value
    assert exact["log_z_exact"].value == pytest.approx(log_z)


def test_given_tokens_are_given_to_particles_too() -> None:
    task = Task(TOY.prior, TOY.reward, 4, prefix=(1, 2))
    particles = sequential_monte_carlo(
        valued(TOY.prior, None), task, C, 20_000, torch.Generator().manual_seed(1)
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
    from sequence_tutor.algorithms.policy import TunedPolicy
    from sequence_tutor.algorithms.registry import SHIPPED

    policy = load_model(run).policy
    assert isinstance(policy, TunedPolicy)
    previous = torch.full((3,), policy.vocab_size)
    hard = TunedPolicy(policy.values, SHIPPED["q"], policy.prior)
    with pytest.raises(UserError, match="q learns the value of the single best sequence"):
        hard.step_with_value(previous, hard.initial_state(3))
    log_policy, value, _ = policy.step_with_value(previous, policy.initial_state(3))
    values, _ = policy.values.step(previous, policy.values.initial_state(3))
    torch.testing.assert_close(value, values.logsumexp(1))
    torch.testing.assert_close(log_policy, values.log_softmax(1))


def test_a_discounted_run_and_a_hard_one_are_measured_by_their_own_optimum() -> None:
    task = Task(TOY.prior, TOY.reward, 4)
    levels = [
        ("psi", TOY.soft_optimum(C, 0.5).log_policy),
        ("q", TOY.hard_optimum(C, 0.5).log_policy),
        ("rl-only", TOY.hard_optimum(C, 0.5, augmented=False).log_policy),
    ]
    for algorithm, best in levels:
        settings = TuneSettings.model_validate({"algorithm": algorithm, "c": C, "discount": 0.5})
        kl = own_optimum(Written(best), task, settings)["kl_to_own_optimum_per_sequence"]
        assert kl.value == pytest.approx(0.0, abs=1e-6)
        far = own_optimum(TOY.prior, task, settings)["kl_to_own_optimum_per_sequence"]
        assert far.value > 0.05
    usual = TuneSettings.model_validate({"algorithm": "psi", "c": C})
    assert own_optimum(TOY.prior, task, usual) == {}


@dataclass(frozen=True)
class Written:
    """A policy as a table says, for whole sequences of 4 of 3 tokens."""

    levels: Levels
    vocab_size: int = 3

    def initial_state(self, batch: int) -> State:
        raise NotImplementedError

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        raise NotImplementedError

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        code = torch.zeros(len(tokens), dtype=torch.int64)
        rows = []
        for level, column in zip(self.levels, tokens.unbind(1), strict=True):
            rows.append(level[code])
            code = code * 3 + column
        return torch.stack(rows, 1)
