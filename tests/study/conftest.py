"""A study of three made-up models whose clips sound a quarter of a second."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Protocol

import httpx
import pytest

from kit import Clock as Clock
from sequence_tutor.serving.server import listen, server
from sequence_tutor.study.answers import Answer, Listener
from sequence_tutor.study.design import Pair, Study, schedule
from sequence_tutor.study.folder import ANSWERS_FILE
from sequence_tutor.study.making import Design, make_folder, melodies_needed
from sequence_tutor.study.service import Service
from sequence_tutor.study.store import Store

MODELS = ("note-rnn", "psi-tuned", "q-tuned")


def melodies(models: tuple[str, ...], count: int, tokens: int = 8) -> dict[str, list[list[int]]]:
    """Random notes of every model."""
    numbers = random.Random(0)
    return {
        model: [[numbers.randrange(2, 38) for _ in range(tokens)] for _ in range(count)]
        for model in models
    }


def small_study(
    folder: Path,
    models: tuple[str, ...] = MODELS,
    pairs: int = 4,
    rounds: int = 1,
    seed: int = 0,
    tokens: int = 8,
) -> Study:
    """A study whose clips of 8 tokens sound 0.2 seconds and a release."""
    count = melodies_needed(len(models), pairs)
    design = Design(pairs=pairs, rounds=rounds, tempo=600, seed=seed)
    return make_folder(folder, melodies(models, count, tokens), design)


class Opinion(Protocol):
    """What a listener says of a pair: whether the left is chosen, and the points."""

    def __call__(self, study: Study, pair: Pair, /) -> Answer:
        """An answer about the pair."""


def careful(study: Study, pair: Pair) -> Answer:
    """Always the model later in the list, which is right for both checks."""
    models = [study.clips[name].model for name in (pair.left, pair.right)]
    places = [-1 if model is None else MODELS.index(model) for model in models]
    left = places[0] > places[1]
    points = 3 if places[0] == places[1] else 2 if left else 4
    return Answer(
        left=pair.left, right=pair.right, choice="left" if left else "right", preference=points
    )


def answered(study: Study, listener: int, opinion: Opinion = careful) -> Listener:
    """A listener who has answered everything."""
    answers = tuple(opinion(study, pair) for pair in schedule(study, listener))
    return Listener(f"listener {listener}", answers)


@contextmanager
def serving(
    folder: Path,
    study: Study,
    clock: Callable[[], float],
    results: Callable[[], dict[str, object]] | None = None,
) -> Iterator[tuple[str, Store]]:
    """The service on a free port of this machine, and its answers."""
    store = Store(folder / ANSWERS_FILE, study)
    shown = results or (lambda: {"models": list(study.models)})
    service = Service(folder, study, store, shown, clock)
    taken = listen("127.0.0.1", 0)
    running = server(service.application())
    thread = Thread(target=running.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{taken.getsockname()[1]}", store
    finally:
        running.should_exit = True
        thread.join()
        store.close()


class Browser:
    """Does what the page does, and shows what comes back."""

    def __init__(self, address: str, clock: Clock) -> None:
        # of this machine: no certificates are read, which takes longer than a request
        self.client, self.clock = httpx.Client(base_url=address, verify=False), clock

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def post(self, action: str, **message: object) -> httpx.Response:
        return self.client.post(f"/api/{action}", json=message)

    def join(self, code: str = "") -> dict[str, object]:
        reply = self.post("join", consent=True, code=code)
        assert reply.status_code == 200
        return dict(reply.json())

    def state(self) -> dict[str, object]:
        return dict(self.get("/api/state").json())

    def hear(self, side: str, seconds: float = 1.0) -> httpx.Response:
        ticket = self.state()["ticket"]
        self.post("play", ticket=ticket, side=side, event="start")
        self.clock.now += seconds
        return self.post("play", ticket=ticket, side=side, event="end")

    def answer(self, choice: str = "left", preference: int = 2) -> dict[str, object]:
        for side in ("left", "right"):
            assert self.hear(side).status_code == 200
        assert self.post("choice", ticket=self.state()["ticket"], choice=choice).status_code == 200
        reply = self.post("preference", ticket=self.state()["ticket"], preference=preference)
        assert reply.status_code == 200
        return dict(reply.json())


@pytest.fixture(scope="session")
def _one_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "study"
    small_study(folder)
    return folder


@pytest.fixture
def study_folder(_one_study: Path, tmp_path: Path) -> Path:
    """The folder of a small study, a copy of its own."""
    return shutil.copytree(_one_study, tmp_path / "study")
