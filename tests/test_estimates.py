from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from sequence_tutor.estimates import Estimate, Mean, Proportion, RatioOfSums, ShareOfSteps, wilson


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_mean_agrees_with_scipy() -> None:
    values = normal(57) * 3 + 2
    mean = Mean()
    mean.update(values)
    low, high = stats.t.interval(0.95, 56, loc=values.mean(), scale=stats.sem(values))
    assert mean.estimate() == approx(float(values.mean()), float(low), float(high))
    assert mean.count == 57


@pytest.mark.parametrize(("successes", "items"), [(0, 10), (10, 10), (3, 10), (1, 100_000)])
def test_wilson_agrees_with_scipy(successes: int, items: int) -> None:
    theirs = stats.binomtest(successes, items).proportion_ci(0.95, method="wilson")
    proportion = Proportion()
    proportion.update(torch.arange(items) < successes)
    assert proportion.estimate() == approx(successes / items, theirs.low, theirs.high)


def test_wilson_is_never_empty_and_holds_its_value() -> None:
    for items in (1, 7, 1000):
        for share in (0.0, 0.3, 1.0):
            estimate = wilson(share, items)
            assert 0 <= estimate.low <= share <= estimate.high <= 1
            assert estimate.low < estimate.high


def test_ratio_by_hand() -> None:
    # x = 1, 2, 3 over y = 2, 2, 4: R = 6/8. Residuals x - .75 y: -.5, .5, 0; their squares sum to
    # .5, variance of the mean residual .5 / 2 / 3 = 1/12, over mean(y) = 8/3 squared (64/9):
    # error = sqrt((1/12) / (64/9)) = sqrt(9/768). Student with 2 degrees: 4.302653.
    ratio = RatioOfSums()
    ratio.update(torch.tensor([1, 2, 3]), torch.tensor([2, 2, 4]))
    reach = 4.302653 * math.sqrt(9 / 768)
    assert ratio.estimate() == approx(0.75, 0.75 - reach, 0.75 + reach, rel=1e-6)


def test_ratio_covers_the_truth_as_often_as_it_says() -> None:
    # Steps of one item share their item's rate, so counting steps as independent would cover
    # far less than 95 %; binomial error of 1,000 repetitions: about .7 %.
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        lengths = generator.integers(5, 40, size=200)
        fired = generator.binomial(lengths, generator.beta(2, 6, size=200))
        share = ShareOfSteps()
        share.update(torch.from_numpy(fired), torch.from_numpy(lengths))
        estimate = share.estimate()
        covered += estimate.low <= 0.25 <= estimate.high
    assert 0.925 <= covered / 1000 <= 0.975


@pytest.mark.parametrize(("fired", "share"), [(0, 0.0), (8, 0.25), (32, 1.0)])
def test_items_that_all_agree_do_not_pretend_to_certainty(fired: int, share: float) -> None:
    steps = ShareOfSteps()
    steps.update(torch.full((50,), fired), torch.full((50,), 32))
    assert steps.estimate() == wilson(share, 50)


def test_a_share_stays_within_its_range() -> None:
    steps = ShareOfSteps()
    steps.update(torch.tensor([1] + [0] * 99), torch.full((100,), 32))
    assert steps.estimate().low == 0 < steps.estimate().value < steps.estimate().high


@pytest.mark.parametrize("cuts", [[], [1], [3, 3, 50], [10, 20, 30, 40, 90]])
def test_any_cutting_of_the_stream_gives_the_same(cuts: list[int]) -> None:
    x, y = normal(100, seed=1), normal(100, seed=2) + 5
    whole, parts = RatioOfSums(), RatioOfSums()
    whole.update(x, y)
    bounds = [0, *cuts, 100]
    for start, end in pairwise(bounds):
        parts.update(x[start:end], y[start:end])  # one of them empty
    assert parts.estimate() == approx(*numbers(whole.estimate()))


def test_merging_equals_one_stream() -> None:
    values = normal(100)
    whole, left, right, empty = Mean(), Mean(), Mean(), Mean()
    whole.update(values)
    left.update(values[:30])
    right.update(values[30:])
    left.merge(right)
    left.merge(empty)
    assert left.estimate() == approx(*numbers(whole.estimate()))


def test_a_large_mean_does_not_drown_the_spread() -> None:
    # Sums of squares near 1e20 would lose a variance of 1 altogether.
    values = normal(1000)
    near, far = Mean(), Mean()
    for part in values.view(10, 100):
        near.update(part)
        far.update(part + 1e10)
    width = near.estimate().high - near.estimate().low
    assert far.estimate().high - far.estimate().low == pytest.approx(width, rel=1e-4)


def test_nothing_is_undefined_and_one_item_bounds_nothing() -> None:
    undefined = {"value": None, "low": None, "high": None}
    for accumulator in (Mean(), Proportion(), RatioOfSums(), ShareOfSteps()):
        assert accumulator.estimate().to_json() == undefined
    mean = Mean()
    mean.update(torch.tensor([2.0]))
    assert mean.estimate() == Estimate(2.0, -math.inf, math.inf)
    assert mean.estimate().to_json() == {"value": 2.0, "low": None, "high": None}
    steps = ShareOfSteps()
    steps.update(torch.tensor([0, 0]), torch.tensor([0, 0]))
    assert steps.estimate().to_json() == undefined


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"expected \(B,\) tensors"):
        Mean().update(torch.zeros(2, 2))
    with pytest.raises(ValueError, match=r"expected \(B,\) tensors"):
        RatioOfSums().update(torch.zeros(2), torch.zeros(3))


def numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


class approx:  # noqa: N801 - stands beside pytest.approx
    """Equal to an estimate up to rounding."""

    def __init__(self, *expected: float, rel: float = 1e-9) -> None:
        self.expected, self.rel = expected, rel

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Estimate) and numbers(other) == pytest.approx(
            self.expected, rel=self.rel, abs=1e-15
        )

    def __repr__(self) -> str:
        return f"about {self.expected}"

    __hash__ = None  # type: ignore[assignment] # equality is approximate
