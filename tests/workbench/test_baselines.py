"""Best of n and importance resampling, by hand and against the exact optimum."""

from __future__ import annotations

import math

import pytest
import torch

from sequence_tutor.measure import Task
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


def test_resampling_follows_the_weights() -> None:
    reward = torch.tensor([0.0, 2.0]).repeat(100)
    rows = resample(reward, 2.0, 20_000, torch.Generator().manual_seed(3))
    share = (rows % 2).double().mean().item()
    assert share == pytest.approx(math.e / (1 + math.e), abs=0.02)
