"""Replay that ranks by the probability under the optimum, which is known on the toy problem."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kit import KilledError, silent, toy_task
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.rows import ToyRows
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings


def tuner(folder: Path, **changes: object) -> Tuner:
    given = {
        "c": 0.5,
        "steps": 30,
        "batch": 16,
        "collect": 32,
        "collect_every": 2,
        "evaluate_every": 10,
        "evaluate_samples": 16,
        "replay": {"capacity": 200, "rank_by": "optimum"},
        **changes,
    }
    settings = TuneSettings.model_validate(given)
    return Tuner(toy_task(), settings, folder, rows=ToyRows(4) if settings.aims else None)


def log_prior(batch: SequenceBatch, temperature: float = 1.0) -> Tensor:
    """(B,) log p^(1/T) of whole sequences."""
    log_probs = toy_task().prior.sequence_log_probs(batch.tokens).double() / temperature
    return taken(log_probs.log_softmax(-1), batch.tokens).where(batch.mask, 0.0).sum(1)


@pytest.mark.parametrize("temperature", [pytest.param(1.0, marks=pytest.mark.long), 1.4])
@pytest.mark.parametrize("algorithm", ["psi", "g"])
def test_the_likeliest_under_the_optimum_come_first(
    tmp_path: Path, algorithm: str, temperature: float
) -> None:
    made = tuner(tmp_path, algorithm=algorithm, prior_temperature=temperature)
    made.run(silent)
    ranked = made.supply.replay.read(made.supply.replay.ranked())
    paid = toy_task().reward(ranked.batch).double().sum(1) @ toy_task().reward.weights
    optimum = paid / 0.5 + log_prior(ranked.batch, temperature)  # log p(x) exp(r / c) + const
    assert float(optimum.diff().max()) < 1e-4
    assert float(paid.diff().max()) > 0.01  # returns alone rank otherwise


def test_what_aims_pay_counts_with_c_and_a_bound_on_the_divergence(tmp_path: Path) -> None:
    aims = {"token_2": ">= 60 %", "kl_to_prior_per_token": "<= 0.002"}
    fast = {"learning_rate": 0.01}
    made = tuner(tmp_path, c=4.0, aims=aims, aims_alone=True, steps=60, optimiser=fast)
    made.run(silent)
    assert made.aiming is not None
    payments = made.aiming.payments
    assert payments.nu > 0.01
    ranked = made.supply.replay.read(made.supply.replay.ranked())
    assert ranked.counts is not None
    paid = ranked.counts.double() @ payments.weights
    optimum = paid + (1 + payments.nu) * log_prior(ranked.batch)
    assert float(optimum.diff().max()) < 1e-4


def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    def kill(_n: int = 1, /, **_live: float | str) -> None:
        if killed.step == 15:
            raise KilledError

    settings: dict[str, object] = {"collect_every": 7, "c_begin": 5.0}
    whole = tuner(tmp_path / "whole", **settings)
    whole.run(silent)
    killed = tuner(tmp_path / "killed", **settings)
    with pytest.raises(KilledError):
        killed.run(kill)
    resumed = tuner(tmp_path / "killed", **settings)
    assert resumed.step == 10
    resumed.run(silent)
    ones, others = (list(run.learner.values.parameters()) for run in (whole, resumed))
    assert all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))
    assert torch.equal(resumed.supply.replay.ranked(), whole.supply.replay.ranked())
