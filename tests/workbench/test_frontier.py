"""Points, the front, and the exact curve."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sequence_tutor.exact import along_sequences
from sequence_tutor.sampling.measure import Task
from sequence_tutor.toy import make_toy
from sequence_tutor.workbench.frontier import Point, exact_points, is_on_front, write_csv

TOY = make_toy(0, vocab_size=3, length=4, width=16)


def test_the_front_keeps_what_nothing_dominates() -> None:
    places = [(0.0, 1.0), (0.5, 3.0), (0.6, 2.9), (0.5, 2.0), (2.0, 5.0)]
    points = [Point("tuned", kl, reward) for kl, reward in places]
    assert [is_on_front(point, points) for point in points] == [True, True, False, False, True]


def test_the_exact_curve_is_that_of_the_optimum() -> None:
    task = Task(TOY.prior, TOY.reward, 4)
    points = exact_points(task, 0.5, 50.0)
    kls = [point.kl_to_prior_per_token for point in points]
    rewards = [point.reward_per_sequence for point in points]
    assert kls == sorted(kls, reverse=True)
    assert rewards == sorted(rewards, reverse=True)
    for point in (points[0], points[-1]):
        assert point.c is not None
        # at the optimum the objective is log Z: E[r / c] - KL
        objective = point.reward_per_sequence / point.c - 4 * point.kl_to_prior_per_token
        assert objective == pytest.approx(TOY.soft_optimum(point.c, 1.0).value, abs=1e-6)
        assert point.objective_per_sequence == pytest.approx(objective, abs=1e-6)


def test_ended_sequences_are_as_long_as_they_are() -> None:
    toy = make_toy(1, vocab_size=3, length=3, width=16, end_token=2)
    task = Task(toy.prior, toy.reward, 3, 2)
    (point, *_) = exact_points(task, 1.0, 2.0)
    optimum = toy.soft_optimum(1.0, 1.0)
    log_prior = along_sequences(toy.space.log_policy(toy.prior.sequence_log_probs))
    log_optimum = along_sequences(optimum.log_policy)
    probability = log_optimum.exp()
    ratio = (log_optimum - log_prior).where(probability > 0, torch.tensor(0.0).double())
    kl = float((probability * ratio).sum())
    assert kl / 3 < point.kl_to_prior_per_token < kl  # between one token and three


def test_a_space_that_is_too_large_has_no_exact_curve() -> None:
    assert exact_points(Task(TOY.prior, TOY.reward, 40), 1.0, 2.0) == []


def test_a_line_a_point(tmp_path: Path) -> None:
    write_csv(tmp_path / "points.csv", [Point("tuned", 0.5, 2.0, c=1.0, seed=0)])
    header, line = (tmp_path / "points.csv").read_text().splitlines()
    assert header.startswith("kind,kl_to_prior_per_token,reward_per_sequence,c,n,seed,")
    assert line.startswith("tuned,0.5,2.0,1.0,,0,")
