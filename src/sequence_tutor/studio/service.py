"""The studio's web service: stateless calls in JSON under /v1, and the files of the page.

Every call is checked as those of a study are: host name, origin, media type, size. Computation is
left to `Workers`, so that the service itself always answers.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sequence_tutor.errors import UserError, printable, shown
from sequence_tutor.serving.limits import Failures
from sequence_tutor.serving.replies import refusal, safe_headers
from sequence_tutor.serving.requests import Hosts, check_origin, read_body
from sequence_tutor.studio.answers import Answers, Asked, Order
from sequence_tutor.studio.jobs import Jobs
from sequence_tutor.studio.messages import (
    LARGEST_BODY,
    LARGEST_FILE,
    LARGEST_READING,
    MOST_BARS,
    MOST_CANDIDATES,
    MOST_TOKENS,
    Account,
    Generate,
    Read,
    Render,
    Tune,
    read_message,
)
from sequence_tutor.studio.openapi import description
from sequence_tutor.studio.orders import order_of
from sequence_tutor.studio.page import page_files
from sequence_tutor.studio.rendering import File
from sequence_tutor.studio.shelf import Shelf
from sequence_tutor.studio.words import melody_facts, molecule_facts
from sequence_tutor.studio.workers import Workers

API = 1
FAILED = "something went wrong here; the terminal of the studio says more"
READING_AT_ONCE = 8
"""Bodies with files that are received at the same time."""

HEADERS = safe_headers(media_src="'self' blob:", img_src="'self' data: blob:")

_OPTION = re.compile(r"--(?=[a-z])")

Handler = Callable[[Request, bytes], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """The calls of one studio.

    Args:
        shelf: its models.
        workers: compute.
        jobs: tune in the background.
        hosts: names that it may be asked for under; None: this machine's.
        answers: computes; None: in the threads of the workers.
        clock: gives seconds.
    """

    def __init__(
        self,
        shelf: Shelf,
        workers: Workers,
        jobs: Jobs,
        hosts: Hosts | None = None,
        answers: Callable[[Order], dict[str, Any] | File] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf, self._workers, self._jobs = shelf, workers, jobs
        self._hosts = hosts or Hosts()
        self._failures, self._files = Failures(clock), page_files()
        self._answers = answers or Answers(shelf.model)
        self._reading: asyncio.Semaphore | None = None

    def application(self) -> Starlette:
        """The service as an ASGI application."""
        post = ["POST"]
        routes = [
            *(Route(path, self._guarded(self._file)) for path in self._files),
            Route("/v1/openapi.json", self._guarded(self._openapi)),
            Route("/v1/info", self._guarded(self._info)),
            Route("/v1/generate", self._guarded(self._generate), methods=post),
            Route("/v1/account", self._guarded(self._account), methods=post),
            Route("/v1/read", self._guarded(self._read, LARGEST_READING), methods=post),
            Route("/v1/render", self._guarded(self._render), methods=post),
            Route("/v1/aims", self._guarded(self._aims)),
            Route("/v1/jobs", self._guarded(self._show_jobs)),
            Route("/v1/jobs", self._guarded(self._tune), methods=post),
            Route("/v1/jobs/{id}", self._guarded(self._remove), methods=["DELETE"]),
            Route("/v1/jobs/{id}/stop", self._guarded(self._stop), methods=post),
            Route("/v1/jobs/{id}/resume", self._guarded(self._resume), methods=post),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._refuse})

    def _guarded(self, handler: Handler, largest: int = LARGEST_BODY) -> Endpoint:
        """A handler with the checks of a request, error replies and headers."""

        async def guarded(request: Request) -> Response:
            try:
                self._hosts.check(request)
                check_origin(request)
                body = await self._body(request, largest)
                response = await handler(request, body)
            except HTTPException as error:
                response = refusal(request, error)
            except UserError as error:
                response = JSONResponse({"error": sentence(error)}, 422)
            except ClientDisconnect:  # nobody reads the reply
                response = JSONResponse({"error": "broken off"}, 400)
            except Exception as error:
                self._failures.note(error)
                response = JSONResponse({"error": FAILED}, 500)
            response.headers.update(HEADERS)
            return response

        return guarded

    async def _body(self, request: Request, largest: int) -> bytes:
        """The body of a request; large ones are received a few at a time."""
        if largest <= LARGEST_BODY:
            return await read_body(request, largest)
        if self._reading is None:
            self._reading = asyncio.Semaphore(READING_AT_ONCE)
        async with self._reading:
            return await read_body(request, largest)

    def _refuse(self, request: Request, error: Exception) -> JSONResponse:
        """The reply to a path or a method that there is not."""
        response = refusal(request, error)
        response.headers.update(HEADERS)
        return response

    async def _file(self, request: Request, body: bytes) -> Response:
        content, kind = self._files[request.url.path]
        return Response(content, media_type=kind)

    async def _openapi(self, request: Request, body: bytes) -> Response:
        return JSONResponse(description())

    async def _info(self, request: Request, body: bytes) -> Response:
        # beside the workers, who may all wait for processes that start or compute
        models = await run_in_threadpool(self._shelf.info)
        return JSONResponse(
            {
                "api": API,
                "version": version("sequence-tutor"),
                "models": models,
                "melody": melody_facts(),
                "molecule": molecule_facts(),
                "text": {"terms": []},
                "limits": {
                    "count": MOST_CANDIDATES,
                    "bars": MOST_BARS,
                    "tokens": MOST_TOKENS,
                    "body": LARGEST_BODY,
                    "file": LARGEST_FILE,
                },
            }
        )

    async def _generate(self, request: Request, body: bytes) -> Response:
        return await self._answer(read_message(body, Generate))

    async def _account(self, request: Request, body: bytes) -> Response:
        return await self._answer(read_message(body, Account))

    async def _read(self, request: Request, body: bytes) -> Response:
        return await self._answer(read_message(body, Read))

    async def _render(self, request: Request, body: bytes) -> Response:
        return await self._answer(read_message(body, Render))

    async def _aims(self, request: Request, body: bytes) -> Response:
        query = request.query_params
        return await self._answer(None, query.get("model"), query.get("domain"))

    async def _answer(
        self, asked: Asked, model: str | None = None, domain: str | None = None
    ) -> Response:
        """What the model of a request answers."""
        if asked is not None:
            model, domain = asked.model, asked.domain

        def work() -> dict[str, Any] | File:
            return self._answers(Order(self._shelf.chosen(model, domain), asked))

        found = await self._workers.run(work)
        if isinstance(found, File):
            saved = {"Content-Disposition": f'attachment; filename="{found.name}"'}
            return Response(found.content, media_type=found.kind, headers=saved)
        return JSONResponse(found)

    async def _tune(self, request: Request, body: bytes) -> Response:
        asked = read_message(body, Tune)

        def work() -> dict[str, Any]:
            listed = self._shelf.chosen(asked.model, asked.domain)
            checked = order_of(listed, self._shelf.model(listed), asked)
            return {"id": self._jobs.add(checked, listed.id, asked.name)}

        return JSONResponse(await self._workers.run(work), 201)

    async def _show_jobs(self, request: Request, body: bytes) -> Response:
        return JSONResponse({"jobs": await run_in_threadpool(self._jobs.show)})

    async def _stop(self, request: Request, body: bytes) -> Response:
        return await self._change(self._jobs.stop, request)

    async def _resume(self, request: Request, body: bytes) -> Response:
        return await self._change(self._jobs.resume, request)

    async def _remove(self, request: Request, body: bytes) -> Response:
        asked = request.query_params.get("run", "false")
        if asked not in ("true", "false"):
            raise UserError(f"run is {shown(asked)}, expected true or false")
        return await self._change(partial(self._jobs.remove, run=asked == "true"), request)

    async def _change(self, change: Callable[[str], None], request: Request) -> Response:
        """Change a job, and show all of them."""
        name = request.path_params["id"]
        if name not in (job["id"] for job in await run_in_threadpool(self._jobs.show)):
            raise HTTPException(404, "there is no such job")
        await run_in_threadpool(change, name)
        return await self._show_jobs(request, b"")


def sentence(error: UserError) -> str:
    """What is wrong, with fields called as in the message instead of as options."""
    return printable(_OPTION.sub("", str(error)))
