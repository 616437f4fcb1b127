"""The estimate is checked against exact counts, in and beyond what it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from sequence_tutor.workbench.distinct_count import DistinctCount, mixed_hashes


def test_it_is_exact_until_it_is_full() -> None:
    count = DistinctCount(k=100)
    count.add(np.arange(60))
    count.add(np.arange(30, 99))
    count.add_list([3, None, 3])
    assert count.is_exact
    assert (count.value, count.relative_error) == (99, 0)
    count.add(np.array([1_000_000]))
    assert not count.is_exact


@pytest.mark.parametrize("true", [600, pytest.param(10_000, marks=pytest.mark.long)])
def test_the_error_is_the_stated_one(true: int) -> None:
    k, rng, ratios = 200, np.random.default_rng(0), []
    for _ in range(200):
        count = DistinctCount(k)
        hashes = rng.integers(-(2**63), 2**63 - 1, true)
        count.add(np.concatenate([hashes, hashes[: true // 2]]))
        ratios.append(count.value / len(np.unique(hashes)))
    stated = 1 / np.sqrt(k - 2)
    assert count.relative_error == pytest.approx(stated)
    # unbiased: the mean of 200 lies within 4 of its standard deviations
    assert abs(np.mean(ratios) - 1) < 4 * stated / np.sqrt(200)
    assert 0.8 * stated * np.sqrt(1 - k / true) < np.std(ratios) < 1.2 * stated


def test_order_and_parts_do_not_matter_and_bad_hashes_are_mixed() -> None:
    numbers = np.arange(50_000)  # the low bits alone differ
    one, other = DistinctCount(1_000), DistinctCount(1_000)
    one.add(numbers)
    for part in np.array_split(numbers[::-1], 7):
        other.add(part)
    assert one.value == other.value == pytest.approx(50_000, rel=0.13)
    assert len(np.unique(mixed_hashes(numbers))) == 50_000
