"""A studio on a free port of this machine, and a client that does what the page does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import torch

from sequence_tutor.serving.server import listen, server
from sequence_tutor.studio.jobs import Jobs
from sequence_tutor.studio.service import Service
from sequence_tutor.studio.shelf import Shelf
from sequence_tutor.studio.workers import Workers
from sequence_tutor.studio.workspace import workspace_of


@contextmanager
def studio(
    workspace: Path, models: Sequence[str] = (), workers: Workers | None = None
) -> Iterator[str]:
    """The address of a studio."""
    threads = torch.get_num_threads()
    with ExitStack() as stack:
        jobs = stack.enter_context(closing(Jobs(stack.enter_context(workspace_of(workspace)))))
        own = stack.enter_context(closing(workers or Workers(2)))
        taken = listen("127.0.0.1", 0)
        service = Service(Shelf(models, jobs.finished), own, jobs)
        running = server(service.application())
        thread = Thread(target=running.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()
            torch.set_num_threads(threads)


class Client:
    """Asks a studio."""

    def __init__(self, address: str) -> None:
        # of this machine: no certificates are read, which takes longer than a request
        self.http = httpx.Client(base_url=address, timeout=60, verify=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def get(self, path: str) -> dict[str, Any]:
        reply = self.http.get(path)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def post(self, path: str, **message: Any) -> dict[str, Any]:
        reply = self.http.post(path, json=message)
        assert reply.status_code in (200, 201), reply.text
        return dict(reply.json())

    def refused(self, path: str, **message: Any) -> str:
        """The sentence with which a request is refused."""
        reply = self.http.post(path, json=message)
        assert reply.status_code == 422, (reply.status_code, reply.text)
        return str(reply.json()["error"])


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with the shipped priors, for tests that leave nothing behind."""
    with studio(tmp_path_factory.mktemp("workspace")) as one:
        yield one


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as one:
        yield one
