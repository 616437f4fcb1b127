"""Divergences and importance weights, worked out by hand, zero probabilities included."""

from math import inf, log

import pytest
import torch

from sequence_tutor.objectives.divergences import (
    ImportanceWeights,
    optimality,
    tempered,
    token_entropy,
    token_kl,
)


def logs(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def test_token_kl_by_hand() -> None:
    # 1/2 ln(1/2 : 1/4) + 1/2 ln(1/2 : 3/4) = ln 2 / 2 + ln(2/3) / 2 = ln(4/3) / 2
    kl = token_kl(logs((1 / 2, 1 / 2)), logs((1 / 4, 3 / 4)))
    assert kl.tolist() == pytest.approx([log(4 / 3) / 2])


def test_token_kl_of_zero_probabilities() -> None:
    log_policy = logs((0, 1), (0, 1), (1 / 2, 1 / 2))
    log_prior = logs((1 / 4, 3 / 4), (0, 1), (0, 1))
    # a token the policy never writes costs nothing; one that the prior never writes, everything
    assert token_kl(log_policy, log_prior).tolist() == pytest.approx([log(4 / 3), 0, inf])


def test_token_kl_of_equal_distributions_is_zero_and_else_positive() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 50, 7, generator=generator).log_softmax(-1)
    assert token_kl(first, first).abs().max() == 0
    assert token_kl(first, second).min() > 0


def test_entropy_by_hand() -> None:
    # uniform over four: ln 4; one token for sure: 0; a half and two quarters: 3/2 ln 2
    entropy = token_entropy(
        logs((1 / 4, 1 / 4, 1 / 4, 1 / 4), (0, 1, 0, 0), (1 / 2, 1 / 4, 1 / 4, 0))
    )
    assert entropy.tolist() == pytest.approx([log(4), 0, 1.5 * log(2)])


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


def test_tempered_divides_logs_and_normalises() -> None:
    log_probs = torch.tensor([0.2, 0.8], dtype=torch.float64).log()
    flatter = tempered(log_probs, 2.0).exp()
    root = torch.tensor([0.2, 0.8], dtype=torch.float64).sqrt()
    torch.testing.assert_close(flatter, root / root.sum())
    assert tempered(log_probs, 1.0) is log_probs
