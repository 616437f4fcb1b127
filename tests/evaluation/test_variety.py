"""Intervals of the share of different items and of entropy: by hand, and as often right as said."""

from __future__ import annotations

import math
import random

import pytest
import torch

from sequence_tutor.estimates import Estimate, wilson
from sequence_tutor.evaluation.variety import distinct, entropy


def items(*occurs: int) -> torch.Tensor:
    """So many items that occur once, twice, ..."""
    times = [time for time, many in enumerate(occurs, start=1) for _ in range(many)]
    return torch.arange(len(times)).repeat_interleave(torch.tensor(times))


def test_by_hand() -> None:
    # of 19, 10 occur once, 3 twice, 1 three times: 10 - 3 + 1 - 10^2 / 19 = 2.737 is between half
    # of 10 (1 - 10 / 19) = 4.737 and the binomial 19 (14 / 19) (5 / 19) = 3.684
    found = distinct(items(10, 3, 1))
    assert found.value == 14 / 19
    assert found.high == pytest.approx(wilson(14 / 19, 19 * (70 / 19) / (52 / 19)).high)
    # of 8, 2 occur once, 3 twice: 2 - 3 - 2^2 / 8 < 0, so half of 2 (1 - 2 / 8) = 1.5
    assert distinct(items(2, 3)).low == pytest.approx(wilson(5 / 8, 8 * 1.875 / 0.75).low)
    assert distinct(torch.arange(9)) == wilson(1.0, 9)


@pytest.mark.parametrize(("kinds", "drawn"), [(100, 300), (1000, 300), (10_000, 300)])
def test_it_covers_the_expected_share(kinds: int, drawn: int) -> None:
    generator = torch.Generator().manual_seed(0)
    truth = kinds * (1 - (1 - 1 / kinds) ** drawn) / drawn
    inside = 0
    for _ in range(500):
        found = distinct(torch.randint(kinds, (drawn,), generator=generator))
        inside += found.low <= truth <= found.high
    assert inside / 500 > 0.93


def test_it_is_no_wider_than_it_has_to_be_where_few_items_are_common() -> None:
    generator = torch.Generator().manual_seed(0)
    shares = torch.arange(1, 4097, dtype=torch.float64) ** -1.2
    shares /= shares.sum()
    truth = float((1 - (1 - shares) ** 512).sum()) / 512
    inside = 0
    for _ in range(1000):
        found = distinct(shares.multinomial(512, replacement=True, generator=generator))
        inside += found.low <= truth <= found.high
    assert 0.93 < inside / 1000 < 0.97


def test_entropy_has_the_interval_of_the_jackknife() -> None:
    seen = ["a"] * 3 + ["b"] * 2 + ["c"]
    bits = [entropy(seen[:place] + seen[place + 1 :]).value for place in range(6)]
    mean = sum(bits) / 6
    error = math.sqrt(5 / 6 * sum((one - mean) ** 2 for one in bits))
    found = entropy(seen)
    assert found.value == pytest.approx(0.5 + math.log2(3) / 3 + math.log2(6) / 6)
    assert found.high - found.value == pytest.approx(1.959964 * error, rel=1e-5)
    assert entropy(["a", "a"]).value == entropy(["a", "a"]).high == 0
    assert entropy(["a"]) == Estimate(0.0, -math.inf, math.inf)


def test_the_entropy_of_many_kinds_covers_what_is_expected() -> None:
    # a kind's share falls as 1 / rank; from the shares seen 80 % of the intervals would
    numbers = random.Random(0)
    shares = [1 / rank for rank in range(1, 301)]
    found = [entropy(numbers.choices(range(300), shares, k=128)) for _ in range(300)]
    expected = sum(one.value for one in found) / 300
    covered = sum(one.low <= expected <= one.high for one in found) / 300
    assert 0.92 <= covered <= 0.99
