"""Importance weights, worked out by hand, streamed and whole."""

from __future__ import annotations

import math
from math import log

import pytest
import torch

from sequence_tutor.sampling.importance import ImportanceWeights, optimality


def test_two_weights_by_hand() -> None:
    """w = 1 and 3: mean 2, deviations of w / 2 are -.5 and .5, those of log w are -+ ln 3 / 2."""
    figures = optimality(torch.tensor([0.0, math.log(3)]))
    half = math.log(3) / 2
    assert figures.objective == pytest.approx(half)
    assert figures.log_z_bound == pytest.approx(math.log(2))
    assert figures.effective_sample_size == pytest.approx(16 / 10)
    assert figures.objective_error == pytest.approx(half / math.sqrt(2))
    assert figures.log_z_error == pytest.approx(0.5 / math.sqrt(2))
    assert figures.gap_error == pytest.approx(abs(0.5 - half) / math.sqrt(2))


@pytest.mark.parametrize("offset", [0.0, -4000.0, 4000.0])
def test_a_stream_gives_what_the_whole_gives(offset: float) -> None:
    generator = torch.Generator().manual_seed(1)
    log_weights = 3 * torch.randn(1000, generator=generator, dtype=torch.float64) + offset
    stream = ImportanceWeights()
    for part in log_weights.split(7):
        stream.update(part)
    streamed, whole = stream.result(), optimality(log_weights)
    assert stream.count == 1000
    for name, value in vars(whole).items():
        assert getattr(streamed, name) == pytest.approx(value, rel=1e-9), name
    assert whole.log_z_bound == pytest.approx(float(log_weights.logsumexp(0)) - math.log(1000))


def test_standard_errors_are_the_spread_of_many_repetitions() -> None:
    generator = torch.Generator().manual_seed(2)
    figures = [
        optimality(0.8 * torch.randn(500, generator=generator, dtype=torch.float64))
        for _ in range(400)
    ]
    for value, error in (
        ("objective", "objective_error"),
        ("log_z_bound", "log_z_error"),
        ("gap", "gap_error"),
    ):
        spread = torch.tensor([getattr(one, value) for one in figures]).std().item()
        claimed = sum(getattr(one, error) for one in figures) / len(figures)
        assert claimed == pytest.approx(spread, rel=0.15), value


def test_equal_weights_leave_no_gap() -> None:
    figures = optimality(torch.full((10,), 2.5))
    assert figures.gap == pytest.approx(0)
    assert figures.gap_error == pytest.approx(0)
    assert figures.effective_sample_size == pytest.approx(10)


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="no weights yet"):
        ImportanceWeights().result()
    with pytest.raises(ValueError, match="B > 0"):
        ImportanceWeights().update(torch.zeros(0))


def test_a_sequence_the_prior_never_writes_has_weight_zero() -> None:
    """w = 1, 3 and 0: mean 4/3, and log w has no mean."""
    stream = ImportanceWeights()
    for part in ([-math.inf], [0.0, math.log(3)]):
        stream.update(torch.tensor(part))
    figures = stream.result()
    assert figures.log_z_bound == pytest.approx(math.log(4 / 3))
    assert figures.effective_sample_size == pytest.approx(16 / 10)
    assert math.isfinite(figures.log_z_error)
    assert figures.objective == -math.inf
    assert figures.gap == math.inf
    assert math.isnan(figures.objective_error)


def test_where_the_prior_writes_nothing_there_is_no_weight_at_all() -> None:
    figures = optimality(torch.full((5,), -math.inf))
    assert figures.objective == figures.log_z_bound == -math.inf
    assert figures.effective_sample_size == 0


def test_optimality_by_hand() -> None:
    # weights 1, 2 and 3: mean log = ln 6 / 3, log mean = ln 2, (1+2+3)^2 / (1+4+9) = 36/14
    figures = optimality(torch.tensor([1.0, 2.0, 3.0]).log())
    assert figures.objective == pytest.approx(log(6) / 3)
    assert figures.log_z_bound == pytest.approx(log(2))
    assert figures.effective_sample_size == pytest.approx(36 / 14)
    assert figures.gap == pytest.approx(log(2) - log(6) / 3)


def test_equal_weights_mean_that_the_policy_is_the_optimum() -> None:
    # so large that exp() would overflow
    figures = optimality(torch.full((8,), 1000.0))
    assert figures.objective == pytest.approx(1000)
    assert figures.gap == pytest.approx(0)
    assert figures.effective_sample_size == pytest.approx(8)


def test_standard_errors_by_hand() -> None:
    # weights 1, 2, 3 over their mean 2 vary by ((-1/2)^2 + 0 + (1/2)^2) / 3 = 1/6
    figures = optimality(torch.tensor([1.0, 2.0, 3.0]).log())
    assert figures.log_z_error == pytest.approx((1 / 6 / 3) ** 0.5)
    logs = [0.0, log(2), log(3)]
    mean = sum(logs) / 3
    variance = sum((each - mean) ** 2 for each in logs) / 3
    assert figures.objective_error == pytest.approx((variance / 3) ** 0.5)
    # the gap's error is that of w / 2 - ln w, whose parts rise and fall together
    parts = [w / 2 - each for w, each in zip((1, 2, 3), logs, strict=True)]
    mean = sum(parts) / 3
    variance = sum((part - mean) ** 2 for part in parts) / 3
    assert figures.gap_error == pytest.approx((variance / 3) ** 0.5)


@pytest.mark.parametrize("cut", [1, 7, 100, 1000])
def test_streamed_weights_give_the_figures_of_all_at_once(cut: int) -> None:
    generator = torch.Generator().manual_seed(0)
    log_weights = 500 + 3 * torch.randn(1000, generator=generator, dtype=torch.float64)
    stream = ImportanceWeights()
    for batch in log_weights.split(cut):
        stream.update(batch)
    figures = stream.result()
    whole = optimality(log_weights)
    for name, number in vars(whole).items():
        assert getattr(figures, name) == pytest.approx(number, rel=1e-9), name
    weights = (log_weights - 500).exp()
    assert figures.log_z_bound == pytest.approx(500 + float(weights.mean().log()))
    size = float(weights.sum() ** 2 / weights.square().sum())
    assert figures.effective_sample_size == pytest.approx(size)


def test_no_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(0,\)"):
        optimality(torch.empty(0))
    with pytest.raises(ValueError, match="no weights"):
        ImportanceWeights().result()
