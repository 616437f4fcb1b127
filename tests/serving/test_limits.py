"""Buckets by hand."""

from __future__ import annotations

from kit import Clock
from sequence_tutor.serving.limits import RateLimit


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(burst=3, per_second=2, clock=clock)
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b")
    clock.now = 0.4  # 0.8 of a request
    assert not limit.allows("a")
    clock.now = 0.5
    assert [limit.allows("a") for _ in range(2)] == [True, False]
    clock.now = 100
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]


def test_only_so_many_keys_are_remembered() -> None:
    limit = RateLimit(burst=1, per_second=0, clock=Clock(), most=2)
    assert [limit.allows(key) for key in "abab"] == [True, True, False, False]
    assert limit.allows("c")  # a, unused for longest, is forgotten
    assert not limit.allows("b")
    assert limit.allows("a")
