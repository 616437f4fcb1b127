"""How fast a network learns with one thread and two, alone and beside other programs.

    python benchmarks/waiting_threads.py

Each figure is of a process of its own: forward and backward passes a second of an LSTM over 64
sequences of 32 steps, while so many other processes compute without end. The threads of OpenMP wait
for one another actively, as they do without a setting, briefly (`GOMP_SPINCOUNT=2000`, which the
command sets), or passively (`OMP_WAIT_POLICY=passive`).
Rounds take all variants one after the other; printed are medians, lowest and highest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import product

POLICIES: dict[str, dict[str, str]] = {
    "active": {},
    "brief": {"GOMP_SPINCOUNT": "2000"},
    "passive": {"OMP_WAIT_POLICY": "passive"},
}
"""How threads wait -> variables of the environment."""

BUSY = "while True: pass"


def passes_a_second(threads: int, width: int, seconds: float) -> float:
    """Measured in this process."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    recurrence, inputs = nn.LSTM(40, width, batch_first=True), torch.zeros(64, 32, 40)
    for _ in range(5):
        recurrence(inputs)[0].sum().backward()
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        recurrence(inputs)[0].sum().backward()
        count += 1
    return count / (time.perf_counter() - begun)


def measured(threads: int, policy: str, others: int, width: int, seconds: float) -> float:
    """The same in a process of its own, beside others."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    environment |= POLICIES[policy]
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(others)]
    try:
        asked = ["--child", threads, "--width", width, "--seconds", seconds]
        command = [sys.executable, __file__, *map(str, asked)]
        found = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout
    finally:
        for one in busy:
            one.kill()
            one.wait()
    return float(found)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--others", type=int, default=2, help="busy processes")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(passes_a_second(given.child, given.width, given.seconds))
        return
    variants = [(1, "active"), *product((2,), POLICIES)]
    for others in (0, given.others):
        load = round(os.getloadavg()[0], 1)
        found: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for threads, policy in variants:
                name = f"{threads} {policy}" if threads > 1 else "1"
                rate = measured(threads, policy, others, given.width, given.seconds)
                found.setdefault(name, []).append(rate)
        figures = {
            name: [round(one, 1) for one in (statistics.median(each), min(each), max(each))]
            for name, each in found.items()
        }
        print(json.dumps({"busy": others, "load_before": load, "passes_a_second": figures}))


if __name__ == "__main__":
    main()
