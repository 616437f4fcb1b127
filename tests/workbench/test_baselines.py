"""Best of n and importance resampling, by hand and against the exact optimum."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.sampling.measure import Task
from sequence_tutor.toy import make_toy
from sequence_tutor.workbench.baselines import (
    Pool,
    best_n,
    best_of,
    best_of_kl,
    best_of_statistics,
    resample,
    resampled_statistics,
    sample_pool,
)

TOY = make_toy(0, vocab_size=3, length=4, width=16)
C = 1.0


@pytest.fixture(scope="module")
def pool() -> Pool:
    task = Task(TOY.prior, TOY.reward, 4)
    return sample_pool(task, 20_000, torch.Generator().manual_seed(0))


def test_the_best_of_each_whole_group() -> None:
    reward = torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0, 0.0, 9.0])
    assert best_of(reward, 1).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert best_of(reward, 2).tolist() == [1, 3, 4]
    assert best_of(reward, 3).tolist() == [1, 3]  # the last one is in no whole group


def test_the_divergence_bound() -> None:
    assert best_of_kl(1) == 0
    assert best_of_kl(2) == pytest.approx(math.log(2) - 0.5)


def test_small_c_wants_more_to_choose_from() -> None:
    reward = torch.rand(4096, generator=torch.Generator().manual_seed(1))
    assert best_n(reward, 100.0) == 1
    assert 1 < best_n(reward, 0.3) < best_n(reward, 0.01) == 64


def test_a_pool_holds_the_whole_budget(pool: Pool) -> None:
    assert len(pool) == 20_000
    rows = torch.arange(5)
    terms = TOY.reward(pool.batch(rows)).sum(1)
    torch.testing.assert_close(pool.reward[rows], terms.sum(1))


def test_baselines_stay_below_the_optimum_and_beat_the_prior(pool: Pool) -> None:
    log_z = TOY.soft_optimum(C, 1.0).value
    prior = float(pool.reward.mean()) / C
    n = best_n(pool.reward, C)
    best = best_of_statistics(pool, TOY.reward.names, C, n)
    rows = resample(pool.reward, C, 4000, torch.Generator().manual_seed(2))
    drawn = resampled_statistics(pool, TOY.reward.names, C, rows)
    for statistics in (best, drawn):
        objective = statistics["objective_per_sequence"]
        assert prior < objective.value
        assert objective.low < log_z
        assert 0 < statistics["kl_to_prior_per_token"].value < 1
        assert statistics["kl_to_prior_per_sequence"].value == pytest.approx(
            4 * statistics["kl_to_prior_per_token"].value
        )
    assert drawn["objective_per_sequence"].value == pytest.approx(log_z, abs=0.1)


def pool_of(reward: Tensor) -> Pool:
    count = len(reward)
    one = torch.ones(count, dtype=torch.int64)
    return Pool(one[:, None].int(), one, reward[:, None], reward, -one.double(), one)


def test_the_interval_of_a_divergence_knows_the_pool() -> None:
    # r/c is 0 or log 3: w = .5, 1.5 and m = .75 log 3, so one sequence moves the divergence by
    # .5 (0 - m) + .5 = .088 or 1.5 (log 3 - m) - .5 = -.088; the draw is of log 3 alone
    pool = pool_of(torch.tensor([0.0, 2 * math.log(3)]).repeat(50))
    kl = resampled_statistics(pool, ("a",), 2.0, torch.tensor([1, 3, 5, 7]))
    moved = 0.5 - 0.375 * math.log(3)
    assert kl["kl_to_prior_per_sequence"].value == pytest.approx(math.log(3) - math.log(2))
    reach = kl["kl_to_prior_per_sequence"].high - kl["kl_to_prior_per_sequence"].value
    assert reach == pytest.approx(1.959964 * moved / 10, rel=1e-4)


def test_a_divergence_varies_from_pool_to_pool_as_its_interval_says() -> None:
    generator = torch.Generator().manual_seed(4)
    values, errors = [], []
    for _ in range(200):
        reward = torch.randn(2000, generator=generator, dtype=torch.float64)
        rows = resample(reward, 0.8, 2000, generator)
        kl = resampled_statistics(pool_of(reward), ("a",), 0.8, rows)["kl_to_prior_per_sequence"]
        values.append(kl.value)
        errors.append((kl.high - kl.value) / 1.96)
    spread = float(torch.tensor(values).std())
    assert sum(errors) / len(errors) == pytest.approx(spread, rel=0.25)


def test_resampling_follows_the_weights() -> None:
    reward = torch.tensor([0.0, 2.0]).repeat(100)
    rows = resample(reward, 2.0, 20_000, torch.Generator().manual_seed(3))
    share = (rows % 2).double().mean().item()
    assert share == pytest.approx(math.e / (1 + math.e), abs=0.02)
