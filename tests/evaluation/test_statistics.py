from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import window_fingerprints
from sequence_tutor.evaluation import statistics
from sequence_tutor.evaluation.statistics import GeneralStatistics
from sequence_tutor.sampling.importance import optimality
from sequence_tutor.sampling.measure import Measured
from sequence_tutor.sequences import SequenceBatch

WEIGHTS = torch.tensor([1.0, 0.5], dtype=torch.float64)
NAMES = ("first", "second")


def measured(batch: SequenceBatch, seed: int = 0) -> Measured:
    """A batch with made-up measurements, zero beyond each length."""
    generator = torch.Generator().manual_seed(seed)

    def per_step(*more: int) -> Tensor:
        shape = (*batch.tokens.shape, *more)
        values = torch.rand(shape, generator=generator, dtype=torch.float64)
        mask = batch.mask if not more else batch.mask[:, :, None]
        return values.where(mask, torch.zeros((), dtype=torch.float64))

    log_prior, log_policy, log_reference = (-per_step() for _ in range(3))
    rest = {"log_reference": log_reference, "kl": per_step(), "entropy": per_step()}
    return Measured(batch, per_step(2), log_prior, log_policy, **rest, chosen=batch.lengths)


def part(found: Measured, rows: slice) -> Measured:
    return Measured(*(getattr(found, name)[rows] for name in vars(found)))


def test_a_stream_gives_what_the_whole_gives_and_both_the_plain_formulas() -> None:
    lengths = torch.randint(1, 9, (500,), generator=torch.Generator().manual_seed(3))
    batch = SequenceBatch.from_lists([[7] * length for length in lengths.tolist()])
    found = measured(batch)
    whole, stream = (GeneralStatistics(NAMES, WEIGHTS, c=2.0) for _ in range(2))
    whole.update(found)
    for begin in range(0, 500, 60):
        stream.update(part(found, slice(begin, begin + 60)))
    for name, estimate in whole.result().items():
        for one, other in zip(
            vars(estimate).values(), vars(stream.result()[name]).values(), strict=True
        ):
            assert one == pytest.approx(other, nan_ok=True), name
    rewards = found.terms.sum(1)
    total = rewards[:, 0] + 0.5 * rewards[:, 1]
    tokens = lengths.sum()
    log_w = total / 2 + (found.log_reference - found.log_policy).sum(1)
    figures = optimality(log_w)
    expected: dict[str, Tensor | float] = {
        "reward_per_sequence": total.mean(),
        "reward_second": rewards[:, 1].mean(),
        "log_prior_per_token": found.log_prior.sum() / tokens,
        "kl_to_prior_per_token": found.kl.sum() / tokens,
        "kl_to_prior_per_sequence": found.kl.sum() / 500,
        "entropy_per_token": found.entropy.sum() / tokens,
        "distinct": 8 / 500,
        "objective_per_sequence": log_w.mean(),
        "log_z_bound": figures.log_z_bound,
        "gap_per_sequence": figures.gap,
        "effective_sample_size": figures.effective_sample_size / 500,
    }
    for name, value in expected.items():
        assert whole.result()[name].value == pytest.approx(float(value)), name


def test_distinct_is_exact_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_COMPARED", 6)
    general = GeneralStatistics(NAMES, WEIGHTS)
    for tokens in ([[1], [2], [1], [3]], [[1], [2], [4], [5]]):
        general.update(measured(SequenceBatch.from_lists(tokens)))
    assert general.result()["distinct"].value == pytest.approx(3 / 6)  # 4 and 5 came too late


def test_copies_of_the_training_data_are_counted_where_they_are_defined() -> None:
    copied, other = list(range(32)), list(range(1, 33))
    fingerprints = window_fingerprints([copied])
    general = GeneralStatistics(NAMES, WEIGHTS, fingerprints=fingerprints)
    general.update(measured(SequenceBatch.from_lists([copied, other, other, other])))
    assert general.result()["in_training_data"].value == 0.25
    shorter = GeneralStatistics(NAMES, WEIGHTS, fingerprints=fingerprints)
    shorter.update(measured(SequenceBatch.from_lists([copied[:31]])))
    assert math.isnan(shorter.result()["in_training_data"].value)


def test_without_a_temperature_there_is_no_objective() -> None:
    general = GeneralStatistics(NAMES, WEIGHTS)
    general.update(measured(SequenceBatch.from_lists([[1, 2], [3, 4]])))
    found = general.result()
    for name in (
        "objective_per_sequence",
        "log_z_bound",
        "gap_per_sequence",
        "effective_sample_size",
    ):
        assert found[name].to_json() == {"value": None, "low": None, "high": None}


def test_nothing_seen_is_undefined() -> None:
    values = [found.value for found in GeneralStatistics(NAMES, WEIGHTS, 1.0).result().values()]
    assert all(map(math.isnan, values))
