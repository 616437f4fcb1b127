"""Particles under a prior that copies: the echo finds it, and the distribution stays exact."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.models import State
from sequence_tutor.reward.weighted import UnknownReward
from sequence_tutor.sampling.echo import UNKNOWN, Kept, learned_echo
from sequence_tutor.sampling.guide import Guide, Machine
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sampling.smc import Particles, Valueless, sequential_monte_carlo

V, T, LAG, MORE = 4, 8, 4, 2.0
KEPT = torch.tensor([UNKNOWN] * LAG + [1, 3, 0, 3])
"""The second half is kept; the prior finds each token likelier where the first half has it."""


class Copies:
    """Uniform, but the logit of the token `LAG` before is higher by `MORE`. Satisfies `Prior`."""

    vocab_size = V

    def initial_state(self, batch: int) -> State:
        return (torch.full((batch, LAG), V),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        past = torch.cat([state[0][:, 1:], previous[:, None]], 1)
        logits = MORE * torch.nn.functional.one_hot(past[:, 0], V + 1)[:, :V].float()
        return logits.log_softmax(1), (past,)

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        state, previous, found = (
            self.initial_state(len(tokens)),
            torch.full_like(tokens[:, 0], V),
            [],
        )
        for column in tokens.unbind(1):
            log_probs, state = self.step(previous, state)
            found.append(log_probs)
            previous = column
        return torch.stack(found, 1)


class SecondHalf:
    """The constraint. Satisfies `Constraint`."""

    counters = 1
    free = KEPT == UNKNOWN

    def follow(self, t: int, state: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
        one = torch.arange(V) == KEPT[t]
        allowed = one if int(KEPT[t]) != UNKNOWN else torch.ones(V, dtype=torch.bool)
        return allowed.expand(len(state), -1), counter[:, None].expand(-1, V)


def guide(lags: tuple[int, ...] = (2, LAG)) -> Guide:
    """With a machine that knows nothing, and what an echo can be learned from."""
    machine = Machine(torch.zeros(1, V, dtype=torch.int64), torch.full((1, 1, V), -1.386).double())
    written = rollout(Copies(), 64, T, generator(5)).batch.tokens
    kept = Kept(KEPT, lags, torch.zeros(V, dtype=torch.int64), written)
    return Guide(machine, SecondHalf(), kept)


def run(led_by: Guide, count: int, groups: int) -> Particles:
    task = Task(Copies(), UnknownReward(), T)
    return sequential_monte_carlo(
        Valueless(Copies()), task, 1.0, count, generator(1), groups=groups, guide=led_by
    )


def truth() -> tuple[Tensor, Tensor]:
    """Every first half, and its probability given the second."""
    first = torch.tensor(list(product(range(V), repeat=LAG)))
    whole = torch.cat([first, KEPT[LAG:].expand(len(first), -1)], 1)
    log_p = Copies().sequence_log_probs(whole).gather(2, whole[:, :, None]).sum((1, 2))
    return first, log_p.softmax(0)


def test_what_a_token_gains_is_learned() -> None:
    led_by = guide()
    assert led_by._kept is not None
    echo = learned_echo(Copies(), led_by._kept, generator(2))
    assert echo is not None
    right = echo.gain[torch.arange(LAG), KEPT[LAG:]]
    assert bool((right > 0.3).all())  # MORE nats, less what is drawn back and not trusted
    assert float(echo.gain.sum() - right.sum()) < 0.3 * float(right.sum())
    tokens = torch.tensor([[1, 3, 2, 2, 1, 0, 0, 0], [2, 2, 2, 2, 1, 0, 0, 0]])
    before = echo.pending(LAG, tokens)
    assert float(before[0] - before[1]) > 0.6  # two of four are equal
    torch.testing.assert_close(echo.pending(T, tokens), torch.zeros(2).double())
    assert echo.pending(LAG + 1, tokens)[0] < before[0]  # the first was paid by the prior


def test_the_estimate_of_z_varies_less_and_the_distribution_is_exact() -> None:
    plain, heard = guide(), guide().listening(Copies(), generator(2))
    spread = [float(run(one, 4_000, 500).group_log_z.exp().std()) for one in (plain, heard)]
    assert spread[1] < 0.85 * spread[0]
    first, expected = truth()
    for one, most in ((plain, 0.08), (heard, 0.04)):  # of 256 first halves, 20,000 particles
        cloud = run(one, 20_000, 1)
        weights = cloud.log_weights.softmax(0)
        places = (cloud.batch.tokens[:, :LAG] * V ** torch.arange(LAG).flip(0)).sum(1)
        found = torch.zeros(len(first), dtype=torch.float64).index_add_(0, places, weights)
        assert float((found - expected).abs().sum()) / 2 < most


@pytest.mark.slow
def test_a_hundred_thousand_candidates_with_an_echo() -> None:
    """As `sample --keep` draws them: one of each group, groups weighted by their estimates."""
    led_by = guide().listening(Copies(), generator(2))
    cloud = run(led_by, 100_000 * 4, 100_000)
    rows, weights = cloud.one_of_each(generator(7)).tokens, cloud.group_log_z.softmax(0)
    first, expected = truth()
    places = (rows[:, :LAG] * V ** torch.arange(LAG).flip(0)).sum(1)
    found = torch.zeros(len(first), dtype=torch.float64).index_add_(0, places, weights)
    assert float((found - expected).abs().sum()) / 2 < 0.02


def test_nothing_echoes_where_nothing_is_kept_behind_what_is_written() -> None:
    written = rollout(Copies(), 8, T, generator(5)).batch.tokens
    kinds = torch.zeros(V, dtype=torch.int64)
    begins = Kept(KEPT.flip(0), (2, LAG), kinds, written)
    assert learned_echo(Copies(), begins, generator()) is None
    assert guide(lags=(T,)).listening(Copies(), generator())._echo is None
