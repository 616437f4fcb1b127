"""Many listeners at once: every answer that was acknowledged is there afterwards."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import httpx
import pytest

from sequence_tutor.study.design import Study

from .conftest import serving, small_study

MOST_COST = 0.02
"""Seconds of processor a reply may take, clips and visitors included; how long it is waited for
depends on what else a machine does and is only printed."""


class Visitor:
    """A listener at a page's own pace, who notes how long every reply takes."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.seconds = client, list[float]()

    async def ask(self, path: str, **message: object) -> dict[str, object]:
        begun = time.perf_counter()
        reply = await self.client.post(f"/api/{path}", json=message)
        self.seconds.append(time.perf_counter() - begun)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    async def visit(self, study: Study, number: int, pace: float) -> None:
        await asyncio.sleep(pace * number / 50)
        state = await self.ask("join", consent=True, code="")
        while state["stage"] != "done":
            for side in ("left", "right"):
                assert (await self.client.get(str(state[side]))).status_code == 200
                await self.ask("play", ticket=state["ticket"], side=side, event="start")
                await asyncio.sleep(pace)
                await self.ask("play", ticket=state["ticket"], side=side, event="end")
            state = await self.ask("choice", ticket=state["ticket"], choice="left")
            await asyncio.sleep(pace)
            state = await self.ask("preference", ticket=state["ticket"], preference=1 + number % 5)


async def visits(address: str, study: Study, count: int, pace: float) -> list[float]:
    """Seconds of every reply to so many listeners at once."""
    limits = httpx.Limits(max_connections=None)
    clients = [httpx.AsyncClient(base_url=address, timeout=60, limits=limits) for _ in range(count)]
    visitors = [Visitor(client) for client in clients]
    await asyncio.gather(*(one.visit(study, n, pace) for n, one in enumerate(visitors)))
    for client in clients:
        await client.aclose()
    return [seconds for one in visitors for seconds in one.seconds]


@pytest.mark.long
@pytest.mark.parametrize(
    ("listeners", "pace"), [(5, 0.3), pytest.param(50, 2.0, marks=pytest.mark.slow)]
)
def test_no_answer_is_lost_however_many_listen(listeners: int, pace: float, tmp_path: Path) -> None:
    study = small_study(tmp_path / "study")
    with serving(tmp_path / "study", study, time.monotonic) as (address, store):
        begun = time.process_time()
        seconds = asyncio.run(visits(address, study, listeners, pace))
        cost = (time.process_time() - begun) / len(seconds)
        saved = store.listeners()
    assert [len(one.answers) for one in saved] == [study.trials] * listeners
    points = sorted(answer.preference for one in saved for answer in one.answers)
    assert points == sorted(1 + n % 5 for n in range(listeners) for _ in range(study.trials))
    # 50 listeners ask less than 100 times a second: no queue forms on two cores
    assert cost < MOST_COST
    median = 1000 * statistics.median(seconds)
    print(f"{listeners} listeners, median reply {median:.0f} ms, {1000 * cost:.1f} ms of processor")
