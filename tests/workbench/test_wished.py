"""Strength and variety of what is written to wishes."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest
import torch

from sequence_tutor.domain import SequenceBatch, Wishes
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.progress import progress
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.workbench.wished import Wished, with_weights, write_wished


@pytest.fixture(scope="module")
def prior(melody_prior: Path) -> Model:
    return load_model(melody_prior)


def written(
    model: Model, weights: dict[str, float], strength: float = 1.0, variety: float = 1.0
) -> Wished:
    """Eight melodies of a bar in a range, always with the same random numbers."""
    generator = torch.Generator().manual_seed(0)

    def write(count: int, steps: int) -> SequenceBatch:
        return rollout(model.policy, count, steps, generator).batch

    asked = model.framed_domain.constrain(Wishes(range="C4..C5"), model.files(), 16, write)
    if weights:
        model = with_weights(model, weights, {})
    with progress("writing", 8, quiet=True) as advance:
        return write_wished(
            model, asked, {}, None, 8, generator, advance, 16, strength=strength, variety=variety
        )


def melodies(found: Wished) -> set[tuple[int, ...]]:
    return {tuple(row) for row in found.batch.to_lists()}


def test_strength_multiplies_the_reward_and_nought_is_the_prior(prior: Model) -> None:
    plain, full = written(prior, {}), written(prior, {"repetition": 2.0, "key": 2.0})
    assert melodies(written(prior, {"repetition": 2.0, "key": 2.0}, 0.0)) == melodies(plain)
    assert melodies(full) != melodies(plain)
    half = written(prior, {"repetition": 4.0, "key": 4.0}, 0.5)
    assert melodies(half) == melodies(full)
    # what is told of them is what the rules pay, whatever the strength
    assert [row["reward"] for row in half.rows] == [2 * row["reward"] for row in full.rows]


def test_payments_by_step_add_up_and_the_best_is_first(prior: Model) -> None:
    found = written(prior, {"repetition": 1.5, "key": 2.0})
    assert found.steps is not None
    rewards = [row["reward"] for row in found.rows]
    assert rewards == sorted(rewards, reverse=True)
    assert found.steps.sum((1, 2)).tolist() == pytest.approx(rewards)
    assert [row["tokens"] for row in found.rows] == found.batch.to_lists()


def test_less_variety_writes_what_is_likelier(prior: Model) -> None:
    def likely(variety: float) -> float:
        rows = written(prior, {}, variety=variety).rows
        return fmean(float(row["log_prior"]) for row in rows)

    assert likely(0.25) > likely(1.0) > likely(4.0)
