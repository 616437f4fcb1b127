"""The number of threads is measured, by a clock that the test moves."""

from __future__ import annotations

import pytest
import torch

from sequence_tutor import threads


@pytest.mark.parametrize(
    ("seconds", "passes", "fastest"),
    [
        ({1: 0.1, 2: 0.06}, {1: 6, 2: 6}, 2),
        ({1: 0.1, 2: 0.2}, {1: 6, 2: 6}, 1),
        ({1: 0.1, 2: 9.0}, {1: 6, 2: 1}, 1),  # cores that others use: one pass says enough
    ],
)
def test_the_fastest_number_and_no_more_trials_of_a_hopeless_one(
    monkeypatch: pytest.MonkeyPatch,
    seconds: dict[int, float],
    passes: dict[int, int],
    fastest: int,
) -> None:
    asked: list[int] = []
    readings: list[int] = []
    now = 0.0

    def clock() -> float:
        nonlocal now
        readings.append(asked[-1])
        now += seconds[asked[-1]]
        return now

    monkeypatch.setattr("time.perf_counter", clock)
    monkeypatch.setattr(torch, "set_num_threads", asked.append)  # one thread does all the work
    monkeypatch.setattr(threads, "cores_at_hand", lambda: 2)
    assert threads.fastest_thread_count(width=4) == fastest
    assert {n: readings.count(n) // 2 for n in seconds} == passes
    assert asked[-1] == torch.get_num_threads()  # as it was before
