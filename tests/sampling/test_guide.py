"""Guided particles against the exact distribution of an n-gram prior under a constraint."""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import product

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.errors import UserError
from sequence_tutor.exact import FiniteProblem, StateTable, finite_soft_optimum
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.sampling.guide import Guide, Machine
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.smc import Particles, Valueless, sequential_monte_carlo
from sequence_tutor.sequences import SequenceBatch

V, T, C = 4, 7, 0.7
KEPT = {1: 2, 4: 0, 5: 3}
"""Steps that are kept, and their tokens: before, between and after the others."""


@dataclass(frozen=True)
class Keeps:
    """A constraint: some tokens are given. Satisfies `Constraint`."""

    kept: dict[int, int]
    length: int = T
    counters: int = 1

    @property
    def free(self) -> Tensor:
        return torch.tensor([t not in self.kept for t in range(self.length)])

    def follow(self, t: int, state: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
        allowed = torch.ones(len(state), V, dtype=torch.bool)
        if t in self.kept:
            allowed[:] = torch.arange(V) == self.kept[t]
        return allowed, counter[:, None].expand(-1, V)


class Uses(Keeps):
    """A constraint with a counter: token 1 comes exactly twice among those that are not given."""

    def __init__(self) -> None:
        super().__init__({0: 2, 3: 0, 5: 3}, T, 3)

    def follow(self, t: int, state: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
        given, _ = super().follow(t, state, counter)
        after = counter[:, None] + (torch.arange(V) == 1)
        allowed = given & (after <= 2)
        if t == T - 1:
            allowed = allowed & (after == 2)
        return allowed, after.clamp(max=2)


def pays(last: Hashable, token: int) -> tuple[Hashable, float]:
    """1 for a token that is higher than the last, .5 for the same, and 2 for 3 after 0."""
    if not isinstance(last, int):
        return token, 0.0
    paid = float(token > last) + 0.5 * float(token == last)
    return token, paid + 2.0 * (last == 0 and token == 3)


PAYS = StateTable.from_rule(pays, None, V)


class Pays:
    """The same as a reward of sequences."""

    names = ("rises",)
    weights = torch.ones(1)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        return PAYS.along(batch.tokens)[:, :, None]


def ngrams() -> NGramPrior:
    numbers = random.Random(3)
    return NGramPrior(2, V, [numbers.choices(range(V), (4, 1, 2, 3), k=9) for _ in range(6)])


def machine(prior: NGramPrior, *, good: bool) -> Machine:
    """The prior itself, or what knows nothing of it."""
    table = prior.state_table()
    entries = table.entries if good else torch.full_like(table.entries, -1.386)
    return Machine(table.next_state, entries[None], table.start)


def truth(prior: NGramPrior, constraint: Keeps) -> tuple[dict[tuple[int, ...], float], float]:
    """The distribution of whole sequences, and log Z: the constraint is paid for heavily."""

    def rule(state: Hashable, token: int) -> tuple[Hashable, float]:
        assert isinstance(state, tuple)
        t, last, counter = state
        if t == T:
            return state, 0.0
        after, paid = pays(last, token)
        allowed, counters = constraint.follow(t, torch.tensor([0]), torch.tensor([counter]))
        met = bool(allowed[0, token])
        return (t + 1, after, int(counters[0, token])), paid if met else -1e9

    reward = StateTable.from_rule(rule, (0, None, 0), V)
    problem = FiniteProblem.product(prior.state_table(), reward, T)
    optimum = finite_soft_optimum(problem, C)
    every = torch.tensor(list(product(range(V), repeat=T)))
    log_probs = optimum.log_probs(every).sum(1)
    kept = (log_probs > -100).nonzero().squeeze(1)
    rows = [tuple(row) for row in every[kept].tolist()]
    return dict(zip(rows, log_probs[kept].exp().tolist(), strict=True)), optimum.value


def run(
    prior: NGramPrior, guide: Guide, count: int, groups: int, seed: int, every: int = 1
) -> Particles:
    return sequential_monte_carlo(
        Valueless(prior),
        Task(prior, Pays(), T),
        C,
        count,
        generator(seed),
        groups=groups,
        guide=guide,
        every=every,
    )


def total_variation(
    expected: dict[tuple[int, ...], float], found: Tensor, weights: Tensor
) -> float:
    rows = [tuple(row) for row in found.tolist()]
    assert set(rows) <= set(expected)  # nothing but what meets the constraint
    share = dict.fromkeys(expected, 0.0)
    for row, weight in zip(rows, (weights / weights.sum()).tolist(), strict=True):
        share[row] += weight
    return sum(abs(share[row] - expected[row]) for row in expected) / 2


CONSTRAINTS = [pytest.param(Keeps(KEPT), id="kept"), pytest.param(Uses(), id="counted")]


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 3])
@pytest.mark.parametrize("good", [True, False])
def test_particles_follow_the_exact_distribution(constraint: Keeps, good: bool, every: int) -> None:
    prior = ngrams()
    expected, log_z = truth(prior, constraint)
    cloud = run(prior, Guide(machine(prior, good=good), constraint), 20_000, 1, 1, every)
    assert cloud.log_z == pytest.approx(log_z, abs=0.08)  # three standard errors at most
    found = total_variation(expected, cloud.batch.tokens, cloud.log_weights.exp())
    assert found < 0.05


def paid_by_last(*, right: bool) -> Tensor:
    """(T, S, V): the reward over c by the machine's state, the last token; or another one."""
    states = ngrams().state_table()
    paid = torch.zeros(T, len(states.next_state), V, dtype=torch.float64)
    for last in range(V):
        after = states.next_state[states.start, last]
        row = [pays(last, token)[1] / C for token in range(V)]
        paid[:, after] = torch.tensor(row, dtype=torch.float64)
    return paid if right else -0.5 * paid.roll(1, 2)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("right", [True, False])
def test_particles_that_are_led_to_the_reward_follow_the_same_distribution(
    constraint: Keeps, right: bool
) -> None:
    prior = ngrams()
    expected, log_z = truth(prior, constraint)
    guide = Guide(machine(prior, good=True), constraint).paying(paid_by_last(right=right))
    cloud = run(prior, guide, 20_000, 1, 1)
    assert cloud.log_z == pytest.approx(log_z, abs=0.08)
    assert total_variation(expected, cloud.batch.tokens, cloud.log_weights.exp()) < 0.05


def test_a_machine_that_knows_prior_and_reward_leaves_nothing_to_chance() -> None:
    prior = ngrams()
    _, log_z = truth(prior, Keeps(KEPT))
    guide = Guide(machine(prior, good=True), Keeps(KEPT)).paying(paid_by_last(right=True))
    cloud = run(prior, guide, 64, 8, 0)
    assert cloud.resampled == 0
    torch.testing.assert_close(
        cloud.group_log_z, torch.full((8,), log_z).double(), atol=1e-5, rtol=0
    )


@pytest.mark.slow
@pytest.mark.parametrize("constraint", [Keeps(KEPT)], ids=["kept"])
@pytest.mark.parametrize("good", [True, False])
def test_a_hundred_thousand_candidates_of_a_few_particles_each(
    constraint: Keeps, good: bool
) -> None:
    """As `sample --keep` draws them: one of each group, groups weighted by their estimates."""
    prior = ngrams()
    expected, log_z = truth(prior, constraint)
    guide = Guide(machine(prior, good=good), constraint)
    clouds = [run(prior, guide, 2_000 * 16, 2_000, seed) for seed in range(50)]
    rows = torch.cat([cloud.one_of_each(generator(7)).tokens for cloud in clouds])
    estimates = torch.cat([cloud.group_log_z for cloud in clouds])
    assert len(rows) == 100_000
    assert total_variation(expected, rows, (estimates - log_z).exp()) < 0.02
    ratios = (estimates - log_z).exp()
    assert abs(float(ratios.mean()) - 1) < 4 * float(ratios.std()) / len(ratios) ** 0.5


def test_a_machine_that_is_the_prior_leaves_nothing_to_chance() -> None:
    prior = ngrams()
    guide = Guide(machine(prior, good=True), Keeps(KEPT))
    task = Task(prior, Pays(), T)
    unpaid = sequential_monte_carlo(
        Valueless(prior), task, 1e9, 64, generator(), groups=8, guide=guide
    )
    assert unpaid.resampled == 0
    assert unpaid.log_weights.abs().max() < 1e-5
    first = guide.ahead(0, guide.first(1))
    torch.testing.assert_close(unpaid.group_log_z, first.expand(8), atol=1e-5, rtol=0)


def test_groups_are_resampled_apart() -> None:
    prior = ngrams()
    cloud = run(prior, Guide(machine(prior, good=False), Keeps(KEPT)), 512, 64, 0)
    assert 0 < cloud.resampled < 64 * T
    assert cloud.log_z == pytest.approx(float(cloud.group_log_z.exp().mean().log()))
    groups = cloud.log_weights.view(64, 8)
    torch.testing.assert_close(groups.exp().mean(1), torch.ones(64, dtype=torch.float64))


def test_what_nothing_can_meet_is_refused() -> None:
    prior = ngrams()
    impossible = Machine(
        prior.state_table().next_state,
        torch.full_like(prior.state_table().entries, -torch.inf)[None],
        prior.state_table().start,
    )
    with pytest.raises(UserError, match="no sequence can be all that was asked for"):
        Guide(impossible, Keeps(KEPT))
