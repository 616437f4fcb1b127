"""How long a page of the studio waits for its melodies while others use it too.

    python benchmarks/studio_load.py --users 20 --seconds 60

Starts a studio of its own, unless --address names one, and as many users: each asks for candidates,
then every --every seconds for others, from the answer on if that takes longer. Prints as JSON the
median and the 95 % quantile of the seconds that an answer took, requests a second, how many were
told to come back (503), and the processor time of the studio for a request, where it is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from sequence_tutor.storage.processes import start_of
from sequence_tutor.threads import cores_at_hand

WISHES = {
    "plain": {},
    "rules": {"weights": {"key": 1.0, "tonic": 0.5, "cadence": 1.0}, "chords": "C | Am | F | G"},
}
PATIENCE = 120.0


class Waits:
    """What the users saw."""

    def __init__(self) -> None:
        self.seconds, self.refused = list[float](), 0


async def user(number: int, asked: argparse.Namespace, waits: Waits, until: float) -> None:
    """Ask, look, and ask again."""
    async with httpx.AsyncClient(base_url=asked.address, timeout=PATIENCE) as http:
        await asyncio.sleep(asked.every * number / asked.users)
        for turn in range(10**6):
            begun = time.perf_counter()
            if begun > until:
                return
            wish: dict[str, Any] = {"bars": asked.bars, "count": asked.count}
            wish |= {**WISHES[asked.wish], "seed": 1000 * number + turn}
            reply = await http.post("/v1/generate", json=wish)
            if reply.status_code == 503:
                waits.refused += 1
                await asyncio.sleep(float(reply.headers["retry-after"]))
                continue
            reply.raise_for_status()
            took = time.perf_counter() - begun
            waits.seconds.append(took)
            await asyncio.sleep(max(0.0, asked.every - took))


async def users(asked: argparse.Namespace) -> tuple[Waits, float]:
    """All of them together, and the seconds that they took."""
    waits, begun = Waits(), time.perf_counter()
    until = begun + asked.seconds
    await asyncio.gather(*(user(number, asked, waits, until) for number in range(asked.users)))
    return waits, time.perf_counter() - begun


@contextmanager
def studio() -> Iterator[tuple[str, int]]:
    """A studio of its own: its address and its process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sequence_tutor", "studio", "tunes", "--no-browser"]
        command += ["--port", "0", "--workspace", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().split()[1], process.pid
            finally:
                process.terminate()


def processor_seconds(process: int) -> float:
    """Of a process and those that it has started, where the system has /proc; else NaN."""
    if not Path("/proc").is_dir():
        return float("nan")
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = stat.read_text().rpartition(")")[2].split()
            if process in (int(stat.parent.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measured(asked: argparse.Namespace, process: int | None) -> dict[str, Any]:
    """The figures of one run."""
    httpx.get(f"{asked.address}v1/info", timeout=PATIENCE)  # models are read once
    before = processor_seconds(process) if process else 0.0
    waits, seconds = asyncio.run(users(asked))
    seen = sorted(waits.seconds)
    found = {
        "users": asked.users,
        "every": asked.every,
        "bars": asked.bars,
        "count": asked.count,
        "wish": asked.wish,
        "cores": cores_at_hand(),
        "machine": platform.processor() or platform.machine(),
        "median": round(statistics.median(seen), 3),
        "95 %": round(seen[int(0.95 * (len(seen) - 1))], 3),
        "requests a second": round(len(seen) / seconds, 2),
        "told to come back": waits.refused,
    }
    if process and start_of(process):
        cost = (processor_seconds(process) - before) / len(seen)
        found["processor seconds a request"] = round(cost, 3)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--address", help="of a studio that runs, such as http://127.0.0.1:8000/")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two requests")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--count", type=int, default=8, help="candidates")
    parser.add_argument("--wish", choices=sorted(WISHES), default="rules")
    asked = parser.parse_args()
    if asked.address:
        print(json.dumps(measured(asked, None), indent=2))
        return
    with studio() as (asked.address, process):
        print(json.dumps(measured(asked, process), indent=2))


if __name__ == "__main__":
    main()
