"""The table says what is outside a fence and what is scored inside, and nothing without a fence."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from sequence_tutor import evaluate
from sequence_tutor.evaluation.fence import fence_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import measure
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.tune import tune

QUICK: dict[str, Any] = {
    "steps": 60,
    "batch": 32,
    "collect": 32,
    "collect_every": 2,
    "evaluate_every": 30,
    "evaluate_samples": 32,
    "c": 1.0,
}


@pytest.mark.long
def test_the_share_outside_and_the_reward_inside(tmp_path: Path) -> None:
    fence = {"ranges": {"token_0": [0, 0.4]}, "log_p_percentile": 5, "samples": 500}
    fenced = tune(
        "toy",
        tmp_path / "fenced",
        overrides={"tune": {**QUICK, "fence": fence}},
        threads=1,
        quiet=True,
    )
    free = tune("toy", tmp_path / "free", overrides={"tune": QUICK}, threads=1, quiet=True)
    found = evaluate([fenced, free], samples=500)
    shares = [column.statistics["outside_fence"].value for column in found.columns]
    assert shares[0] < 0.5 * shares[1]
    assert "outside fence %" in found.table().markdown()
    # by hand: the samples of the column that was tuned without
    judge = fence_of([fenced])
    assert judge is not None
    judge.inside(SequenceBatch.full(torch.zeros(1, 6, dtype=torch.int64)))  # finds the bounds
    outside, rewards = [], []
    task, generator = free.task, named_generator(0, "evaluate", free.device)
    for measured in measure(free.policy, task, 500, generator):
        inside = (measured.batch.tokens == 0).double().mean(1) <= 0.4
        inside &= measured.log_prior.sum(1) / 6 >= judge.bounds["log_p"][0]
        outside.append(~inside)
        rewards.append((measured.terms @ task.reward.weights).sum(1)[inside])
    assert shares[1] == torch.cat(outside).double().mean()
    mean = found.columns[1].statistics["reward_inside"].value
    assert abs(mean - torch.cat(rewards).mean()) < 1e-6
    alone = evaluate([free], samples=100)
    assert "outside_fence" not in alone.columns[0].statistics


def test_the_optimum_of_a_run_is_the_one_inside_its_fence(tmp_path: Path) -> None:
    fence = {"ranges": {"token_0": [0, 0.4]}, "depth": 4.0}
    few = {**QUICK, "steps": 4}
    runs = [
        tune("toy", tmp_path / name, overrides={"tune": settings}, threads=1, quiet=True)
        for name, settings in (("fenced", {**few, "fence": fence}), ("free", few))
    ]
    found = evaluate(runs, samples=50)
    # by its definition: the log of the sum of p exp(r/c) inside and p exp(-depth) outside
    tokens = torch.tensor(list(product(range(4), repeat=6)))
    task = runs[1].task
    chosen = task.prior.sequence_log_probs(tokens).detach().gather(2, tokens[:, :, None])
    paid = (task.reward(SequenceBatch.full(tokens)) @ task.reward.weights).sum(1)
    inside = (tokens == 0).double().mean(1) <= 0.4
    for column, payment in zip(
        found.columns, (paid.where(inside, torch.tensor(-4.0).double()), paid), strict=True
    ):
        wanted = (chosen.double().sum((1, 2)) + payment).logsumexp(0).item()
        assert abs(column.statistics["log_z_exact"].value - wanted) < 1e-4
