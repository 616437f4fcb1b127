from __future__ import annotations

import pytest

from sequence_tutor.execution.cache import LONGEST_KEY, Cache


def test_forgets_what_was_not_used_for_the_longest() -> None:
    cache: Cache[int] = Cache(2)
    cache.put("C", 1)
    cache.put("N", 2)
    assert cache.get("C") == 1
    cache.put("O", 3)
    assert cache.get("N") is None
    assert cache.get("C") == 1
    assert cache.get("O") == 3
    assert (cache.hits, cache.misses, len(cache)) == (3, 1, 2)


def test_a_new_value_replaces_the_old_and_is_the_latest() -> None:
    cache: Cache[int] = Cache(2)
    cache.put("C", 1)
    cache.put("N", 2)
    cache.put("C", 3)
    cache.put("O", 4)
    assert cache.get("C") == 3
    assert cache.get("N") is None


def test_stays_within_its_size() -> None:
    cache: Cache[int] = Cache(10)
    for number in range(1000):
        cache.put("C" * (number % LONGEST_KEY), number)
    assert len(cache) == 10


def test_long_strings_are_not_kept() -> None:
    cache: Cache[int] = Cache(10)
    cache.put("C" * LONGEST_KEY, 1)
    cache.put("C" * (LONGEST_KEY + 1), 2)
    assert len(cache) == 1


def test_size_nought_keeps_nothing() -> None:
    cache: Cache[int] = Cache(0)
    cache.put("C", 1)
    assert cache.get("C") is None
    with pytest.raises(ValueError, match="expected 0 or more"):
        Cache(-1)
