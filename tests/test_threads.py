"""The number of threads is measured, by a clock that the test moves."""

from __future__ import annotations

import pytest
import torch

from sequence_tutor import threads


@pytest.mark.parametrize(
    ("seconds", "passes", "fastest"),
    [
        ({1: 0.1, 2: 0.06}, {1: 6, 2: 6}, 2),
        ({1: 0.1, 2: 0.08}, {1: 6, 2: 6}, 1),  # 1.25 times as fast is not worth the risk
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
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads.fastest_thread_count(width=4) == fastest
    assert {n: readings.count(n) // 2 for n in seconds} == passes
    assert asked[-1] == torch.get_num_threads()  # as it was before


@pytest.mark.parametrize(
    ("limit", "most"), [("1", 1), ("2", 2), ("64", 3), ("", 3), ("0", 3), ("4,2", 3)]
)
def test_no_more_threads_than_the_environment_allows(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {0, 1, 2}, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert threads.threads_at_hand() == most


def test_one_thread_needs_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(threads, "_time_training", None)  # no call
    assert threads.fastest_thread_count() == 1
