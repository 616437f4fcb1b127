"""How many threads to compute with: measured, because small networks lose to too many."""

from __future__ import annotations

import math
import os
import time

import torch
from torch import nn

PASSES = 6
WORTH_IT = 1.3
"""Times as fast as fewer threads: less does not pay for the risk of busy cores."""
HOPELESS = 20.0
"""Times the least of fewer threads: more threads that once take so long need no further trial."""


def fastest_thread_count(width: int = 100) -> int:
    """The number of threads, from 1 to `threads_at_hand`, that trains a small LSTM fastest.

    More threads are taken only where they are at least `WORTH_IT` times as fast: what they gain
    they lose many times over once other work begins on their cores, because threads that wait for
    one another spin. Takes about half a second where there is a choice. It is measured at the
    start of each run.
    """
    before: int = torch.get_num_threads()
    most = threads_at_hand()
    counts: list[int] = sorted(n for n in {1, 2, 4, *range(8, most + 1, 8), most} if n <= most)
    if len(counts) == 1:
        return counts[0]
    seconds: dict[int, float] = {}
    try:
        for n in counts:
            patience = HOPELESS * min(seconds.values(), default=math.inf)
            seconds[n] = _time_training(n, width, patience)
    finally:
        torch.set_num_threads(before)
    best = counts[0]
    for n in counts[1:]:
        if seconds[best] >= WORTH_IT * seconds[n]:
            best = n
    return best


def cores_at_hand() -> int:
    """The cores that this process may compute on; all of them where the system cannot say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_at_hand() -> int:
    """The most threads to compute with: one for each core at hand.

    Fewer where the environment variable OMP_NUM_THREADS, which torch itself goes by, is lower.
    """
    limit = os.environ.get("OMP_NUM_THREADS", "")
    cores = cores_at_hand()
    return min(cores, int(limit)) if limit.isdecimal() and int(limit) else cores


def _time_training(threads: int, width: int, patience: float) -> float:
    """Least seconds of a forward and backward pass over 64 sequences of 32 steps.

    Those of the first pass that takes longer than `patience`, should there be one.
    """
    torch.set_num_threads(threads)
    recurrence = nn.LSTM(40, width, batch_first=True)
    inputs = torch.zeros(64, 32, 40)
    times = []
    for _ in range(PASSES):
        begun = time.perf_counter()
        recurrence(inputs)[0].sum().backward()
        times.append(time.perf_counter() - begun)
        if times[-1] > patience:
            return times[-1]
    return min(times[1:])  # the first pass sets up kernels and threads


def set_threads(threads: int | None) -> int:
    """Compute with so many threads from now on, or with the fastest number where None."""
    chosen = fastest_thread_count() if threads is None else threads
    torch.set_num_threads(chosen)
    return chosen
