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
    assert 0 < steps.estimate().low < steps.estimate().value < steps.estimate().high < 0.01
    steps.update(torch.full((9900,), 32), torch.full((9900,), 32))
    assert 0.98 < steps.estimate().low < steps.estimate().value < steps.estimate().high < 1


def test_items_without_any_step_do_not_make_a_share_surer() -> None:
    few, many = ShareOfSteps(), ShareOfSteps()
    few.update(torch.tensor([4, 4]), torch.tensor([4, 4]))
    many.update(torch.tensor([4, 4] + [0] * 98), torch.tensor([4, 4] + [0] * 98))
    assert many.estimate() == few.estimate() == wilson(1.0, 2)


def test_the_share_of_rare_steps_covers_the_truth() -> None:
    # one item in 70 has 1 to 8 of its 32 steps; from its own spread 85 % of the intervals would
    generator = np.random.default_rng(0)
    truth, covered = 4.5 / 32 / 70, 0
    for _ in range(1000):
        fired = generator.integers(1, 9, size=256) * (generator.random(256) < 1 / 70)
        share = ShareOfSteps()
        share.update(torch.from_numpy(fired), torch.full((256,), 32))
        estimate = share.estimate()
        covered += estimate.low <= truth <= estimate.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_the_mean_of_rare_payments_covers_the_truth() -> None:
    # likewise; Student's interval of these has 85 %, and in 2.5 % of them nothing is paid at all
    generator = np.random.default_rng(0)
    truth, covered = 4.5 / 70, 0
    for _ in range(1000):
        paid = generator.integers(1, 9, size=256) * (generator.random(256) < 1 / 70)
        mean = Mean()
        mean.update(torch.from_numpy(paid))
        estimate = mean.estimate()
        covered += estimate.low <= truth <= estimate.high
    assert 0.92 <= covered / 1000 <= 0.97


def test_a_mean_of_rare_payments_by_hand() -> None:
    # 9 zeros and a 10: mean 1, deviations -1 and 9, s^2 = 90 / 9, their cubes' mean 72
    mean = Mean()
    mean.update(torch.tensor([0.0] * 9 + [10.0]))
    s, n = math.sqrt(10), 10
    skewness = 72 / s**3
    found, quantile = mean.estimate(), float(stats.t.ppf(0.975, 9))
    for end, reach in ((found.low, quantile), (found.high, -quantile)):
        t = (1 - end) / s
        h = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / (6 * n)
        assert h * math.sqrt(n) == pytest.approx(reach)
    assert found.high - 1 > 2 * (1 - found.low)  # what is rare may be more than it was
    other = Mean()
    other.update(-torch.tensor([0.0] * 9 + [10.0]))
    assert other.estimate() == approx(-1.0, -found.high, -found.low)


def test_a_mean_of_mostly_other_numbers_is_students() -> None:
    mean, values = Mean(), torch.tensor([0.0, 0.0, 0.0, 1.0, 9.0, 2.0]).double()
    mean.update(values)
    low, high = stats.t.interval(0.95, 5, loc=values.mean(), scale=stats.sem(values))
    assert mean.estimate() == approx(float(values.mean()), float(low), float(high))


def test_what_nobody_paid_is_not_known_better() -> None:
    mean = Mean()
    mean.update(torch.zeros(20))
    assert mean.estimate() == Estimate(0.0, 0.0, 0.0)


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


def test_merging_skewed_items_equals_one_stream() -> None:
    rare = torch.where(torch.arange(100) % 9 == 2, normal(100).square() + 1, 0.0)
    whole, parts = Mean(), Mean()
    whole.update(rare)
    for part in rare.split([1, 7, 40, 52]):
        parts.update(part)
    assert parts.estimate() == approx(*numbers(whole.estimate()))
    student = stats.t.interval(0.95, 99, loc=rare.mean(), scale=stats.sem(rare))
    assert parts.estimate().high > student[1]


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
