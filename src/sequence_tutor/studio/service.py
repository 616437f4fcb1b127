"""The studio's web service: stateless calls in JSON under /v1, and the files of the page.

Every call is checked as those of a study are: host name, origin, media type, size. Computation is
left to `Workers`, so that the service itself always answers.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sequence_tutor.errors import UserError, printable
from sequence_tutor.serving.limits import Failures
from sequence_tutor.serving.replies import refusal, safe_headers
from sequence_tutor.serving.requests import Hosts, check_origin, read_body
from sequence_tutor.studio.desks import desk_of
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
    read_message,
)
from sequence_tutor.studio.openapi import description
from sequence_tutor.studio.page import page_files
from sequence_tutor.studio.shelf import Shelf
from sequence_tutor.studio.words import melody_facts
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
        hosts: names that it may be asked for under; None: this machine's.
        clock: gives seconds.
    """

    def __init__(
        self,
        shelf: Shelf,
        workers: Workers,
        hosts: Hosts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shelf, self._workers, self._hosts = shelf, workers, hosts or Hosts()
        self._failures, self._files = Failures(clock), page_files()
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
        models = await self._workers.run(self._shelf.info)
        return JSONResponse(
            {
                "api": API,
                "version": version("sequence-tutor"),
                "models": models,
                "melody": melody_facts(),
                "molecule": {"terms": []},
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
        asked = read_message(body, Generate)

        def work() -> dict[str, Any]:
            begun = time.perf_counter()
            listed = self._shelf.chosen(asked.model, asked.domain)
            found = desk_of(listed.domain).generate(self._shelf.model(listed), asked)
            seconds = round(time.perf_counter() - begun, 4)
            return {"seed": asked.seed, "model": listed.id, **found, "seconds": seconds}

        return JSONResponse(await self._workers.run(work))

    async def _account(self, request: Request, body: bytes) -> Response:
        asked = read_message(body, Account)

        def work() -> dict[str, Any]:
            listed = self._shelf.chosen(asked.model, asked.domain)
            return desk_of(listed.domain).account(self._shelf.model(listed), asked)

        return JSONResponse(await self._workers.run(work))

    async def _read(self, request: Request, body: bytes) -> Response:
        asked = read_message(body, Read)

        def work() -> dict[str, Any]:
            listed = self._shelf.chosen(asked.model, asked.domain)
            return desk_of(listed.domain).read(self._shelf.model(listed), asked)

        return JSONResponse(await self._workers.run(work))

    async def _render(self, request: Request, body: bytes) -> Response:
        asked = read_message(body, Render)

        def work() -> Response:
            listed = self._shelf.chosen(asked.model, asked.domain)
            file = desk_of(listed.domain).render(self._shelf.model(listed), asked)
            saved = {"Content-Disposition": f'attachment; filename="{file.name}"'}
            return Response(file.content, media_type=file.kind, headers=saved)

        return await self._workers.run(work)


def sentence(error: UserError) -> str:
    """What is wrong, with fields called as in the message instead of as options."""
    return printable(_OPTION.sub("", str(error)))
