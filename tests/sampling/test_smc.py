"""Sequential Monte Carlo against the exact log Z of small problems."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.exact import Levels, enumerate_sequences
from sequence_tutor.models import State
from sequence_tutor.sampling import smc
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.smc import sequential_monte_carlo
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyProblem, make_toy

C = 0.8


class TablePolicy:
    """A policy and its values read from exact tables; its state is the code of the prefix."""

    def __init__(self, log_policy: Levels, values: Levels) -> None:
        self.log_policy, self.values = log_policy, values
        self.vocab_size = log_policy[0].shape[1]

    def initial_state(self, batch: int) -> State:
        return (torch.full((batch,), -1), torch.zeros(batch, dtype=torch.int64))

    def step_with_value(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        depth, code = state
        if int(depth[0]) >= 0:
            code = code * self.vocab_size + previous
        depth = depth + 1
        t = int(depth[0])
        return self.log_policy[t][code], self.values[t][code], (depth, code)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_policy, _, state = self.step_with_value(previous, state)
        return log_policy, state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        raise AssertionError("particles are written step by step")


def toy(kind: str) -> tuple[ToyProblem, Task]:
    problem = make_toy(
        0,
        vocab_size=3,
        length=4,
        width=16,
        terminal="terminal" in kind,
        end_token=2 if "ending" in kind else None,
    )
    space = problem.space
    return problem, Task(problem.prior, problem.reward, space.length, space.end_token)


def exact_policy(problem: ToyProblem) -> tuple[TablePolicy, float]:
    optimum = problem.soft_optimum(C, 1.0)
    values = tuple(psi.logsumexp(1) for psi in optimum.psi)
    return TablePolicy(optimum.log_policy, values), optimum.value


class EndingPays:
    """A reward of 100 for the end token, which is not to be asked about no sequence at all."""

    names = ("ends",)
    weights = torch.ones(1)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        assert len(batch)
        return 100.0 * (batch.mask & (batch.tokens == 2))[:, :, None]  # (B, T, 1)


KINDS = ["full", "terminal", "ending", "ending terminal"]


@pytest.mark.parametrize("kind", KINDS)
def test_exact_values_leave_nothing_to_chance(kind: str) -> None:
    problem, task = toy(kind)
    policy, log_z = exact_policy(problem)
    particles = sequential_monte_carlo(
        policy, task, C, 16, torch.Generator().manual_seed(0), threshold=1.1
    )
    assert particles.log_z == pytest.approx(log_z, abs=1e-5)
    assert particles.log_weights.abs().max() < 1e-5
    assert particles.resampled == task.length - 1  # asked for at every step, and harmless


@pytest.mark.parametrize("threshold", [pytest.param(0.0, marks=pytest.mark.long), 0.7])
@pytest.mark.parametrize("twisted", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        "full",
        *(pytest.param(kind, marks=pytest.mark.long) for kind in KINDS[1:3]),
        "ending terminal",
    ],
)
def test_the_estimate_of_z_is_unbiased(kind: str, twisted: bool, threshold: float) -> None:
    problem, task = toy(kind)
    exact, log_z = exact_policy(problem)
    # the prior with values that are half right: a poor proposal with poor twists
    log_prior = problem.space.log_policy(problem.prior.sequence_log_probs)
    poor = TablePolicy(log_prior, tuple(value / 2 for value in exact.values))
    generator = torch.Generator().manual_seed(1)
    runs = [
        sequential_monte_carlo(poor, task, C, 32, generator, twisted=twisted, threshold=threshold)
        for _ in range(200)
    ]
    estimates = torch.tensor([run.log_z for run in runs], dtype=torch.float64)
    ratios = (estimates - log_z).exp()
    error = ratios.std() / math.sqrt(len(ratios))
    assert abs(ratios.mean() - 1) < 4 * error
    assert estimates.mean() < log_z  # a bound in expectation
    # paid at the end alone and without twists, all particles weigh the same until the last token
    even = kind == "terminal" and not twisted
    assert any(run.resampled for run in runs) == (threshold > 0 and not even)


def test_particles_follow_the_optimum() -> None:
    problem, task = toy("ending")
    exact, _ = exact_policy(problem)
    log_prior = problem.space.log_policy(problem.prior.sequence_log_probs)
    policy = TablePolicy(log_prior, exact.values)
    particles = sequential_monte_carlo(
        policy, task, C, 40_000, torch.Generator().manual_seed(2), threshold=0.9
    )
    every = enumerate_sequences(3, 4, end_token=2)
    expected = {
        tuple(row): float(weight)
        for row, weight in zip(every.to_lists(), _gibbs(problem, every.tokens), strict=True)
    }
    found = dict.fromkeys(expected, 0.0)
    weights = particles.log_weights.softmax(0).tolist()
    for row, weight in zip(particles.batch.to_lists(), weights, strict=True):
        found[tuple(row)] += weight
    assert max(abs(found[row] - expected[row]) for row in expected) < 0.02


def _gibbs(problem: ToyProblem, tokens: Tensor) -> Tensor:
    """p(x) exp(r/c) / Z of each row."""
    optimum = problem.soft_optimum(C, 1.0)
    code = torch.zeros(len(tokens), dtype=torch.int64)
    total = torch.zeros(len(tokens), dtype=torch.float64)
    for level, column in zip(optimum.log_policy, tokens.unbind(1), strict=True):
        total += level[code, column]
        code = code * problem.space.vocab_size + column
    return total.exp()


def test_nothing_is_scored_where_resampling_leaves_only_what_has_ended() -> None:
    problem, task = toy("ending")
    levels = problem.soft_optimum(C, 1.0).log_policy
    evenly = tuple(torch.full_like(level, -math.log(3.0)) for level in levels)
    policy = TablePolicy(evenly, tuple(torch.zeros(len(level)) for level in levels))
    task = replace(task, reward=EndingPays())
    lengths = []
    for seed in range(8):
        generator = torch.Generator().manual_seed(seed)
        particles = sequential_monte_carlo(policy, task, C, 2, generator, threshold=1.0)
        lengths.append(particles.batch.lengths.tolist())
    assert [1, 1] in lengths


class Draws:
    """Uniform numbers as asked for."""

    def __init__(self, number: float) -> None:
        self.number = number

    def __call__(self, *_size: int, **_kind: object) -> Tensor:
        return torch.tensor([self.number], dtype=torch.float64)


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_a_particle_of_weight_zero_is_never_drawn(
    uniform: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "rand", Draws(uniform))
    weights = torch.tensor([0.0, 0.3, 0.0, 0.7, 0.0], dtype=torch.float64)
    rows = smc._systematic(weights.log(), torch.Generator())
    assert set(rows.tolist()) <= {1, 3}
    assert len(rows) == 5


def test_a_cloud_without_any_possible_particle_is_refused() -> None:
    impossible = torch.full((4,), -torch.inf, dtype=torch.float64)
    with pytest.raises(UserError, match="all 4 particles have weight 0 after 3 tokens"):
        smc._refuse_all_impossible(impossible, 3)
    smc._refuse_all_impossible(torch.tensor([-torch.inf, 0.0]), 3)
