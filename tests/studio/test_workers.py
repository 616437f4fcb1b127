"""Several clients at once: computed side by side, queued, and told to come back."""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.studio.answers import Order
from sequence_tutor.studio.messages import Generate, Render
from sequence_tutor.studio.processes import Processes
from sequence_tutor.studio.rendering import File
from sequence_tutor.studio.shelf import Shelf
from sequence_tutor.studio.workers import SOON, Workers, in_time

from .conftest import Client, studio

TUNE = {"tokens": [[14, 1, 1, 1]], "kind": "midi"}


def test_two_clients_at_once_get_what_each_would_get_alone(client: Client, address: str) -> None:
    wishes = [{"bars": 2, "count": 2, "seed": seed, "weights": {"key": 3.0}} for seed in range(4)]
    alone = [client.post("/v1/generate", **one)["candidates"] for one in wishes]

    def ask(wish: dict[str, object]) -> object:
        with Client(address) as other:
            return other.post("/v1/generate", **wish)["candidates"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, wishes)) == alone


@pytest.mark.slow
def test_processes_answer_as_threads_do_and_one_that_dies_is_replaced(client: Client) -> None:
    tunes = Shelf(["tunes"]).chosen("tunes", None)
    wishes = [{"bars": 2, "count": 2, "seed": seed, "weights": {"key": 3.0}} for seed in range(4)]
    alone = [client.post("/v1/generate", **one)["candidates"] for one in wishes]
    with Processes(2, tunes) as answers, ThreadPoolExecutor(4) as pool:

        def ask(wish: dict[str, Any]) -> object:
            reply = answers(Order(tunes, Generate.model_validate(wish)))
            assert isinstance(reply, dict)
            return json.loads(json.dumps(reply["candidates"]))

        assert list(pool.map(ask, wishes)) == alone
        for own in answers._all:
            os.kill(own.pids[0], signal.SIGKILL)
        assert list(pool.map(ask, wishes)) == alone
        with pytest.raises(UserError, match="all bars are kept"):
            ask({"from": {"tokens": [14] * 16}, "keep": "1"})
        file = answers(Order(tunes, Render(tokens=[[14, 1]], kind="midi")))
        assert isinstance(file, File)
        assert file.content.startswith(b"MThd")


def test_who_comes_when_all_is_taken_is_told_to_come_back(tmp_path: Path) -> None:
    workers = Workers(1, waiting=1)
    held, begun = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        held.wait()

    with studio(tmp_path, ["tunes"], workers) as address, httpx.Client(base_url=address) as http:
        one = workers._pool.submit(hold)
        with workers._guard:
            workers._asked += 1  # as if it had come by a request
        one.add_done_callback(lambda _: workers._leave())
        begun.wait()
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(httpx.post, f"{address}/v1/render", json=TUNE, timeout=60)
            while workers._asked < 2:
                pass
            reply = http.post("/v1/generate", json={})
            assert reply.status_code == 503
            assert reply.headers["retry-after"] == str(SOON)
            assert "please try again" in reply.json()["error"]
            assert http.get("/").status_code == 200  # what needs no core is answered
            assert http.get("/v1/jobs").status_code == 200
            assert http.get("/v1/info").json()["models"][0]["key"] == "C major"
            held.set()
            assert waits.result().status_code == 200


def test_what_takes_too_long_ends_with_a_sentence() -> None:
    in_time(60)(1)
    with pytest.raises(UserError, match="takes longer than 0 s; ask for fewer"):
        in_time(0)(1)
