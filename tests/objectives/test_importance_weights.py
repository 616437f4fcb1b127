from __future__ import annotations

import math

import pytest
import torch

from sequence_tutor.objectives.divergences import ImportanceWeights, optimality


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
