"""The web service: what it shows, what it accepts, what it refuses.

The browser learns names of clips and nothing of models. Every answer carries a signed ticket for
one question of one listener; whatever is replayed, forged, out of range or someone else's is
refused before anything is changed.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sequence_tutor.study.design import Side, Study
from sequence_tutor.study.folder import clip_path
from sequence_tutor.study.page import page_parts
from sequence_tutor.study.rate_limit import RateLimit
from sequence_tutor.study.sessions import Signer, is_token
from sequence_tutor.study.store import RefusedError, Standing, Store

COOKIE = "listener"
LARGEST_BODY = 1024  # bytes; an answer takes a fifth of it
HEARD = 0.95  # share of a clip's time that must pass between its start and its end
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FULL = "your answer could not be saved just now; nothing before it is lost, please try again"

Reply = dict[str, object]
Handler = Callable[[Request], Awaitable[Response]]


class _Message(BaseModel):
    """What the browser sends: these fields and no others, of these types and no others."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _Join(_Message):
    consent: Literal[True]
    code: str = Field("", max_length=40)


class _Play(_Message):
    ticket: str
    side: Literal["left", "right"]
    event: Literal["start", "end"]


class _Choice(_Message):
    ticket: str
    choice: Literal["left", "right"]


class _Preference(_Message):
    ticket: str
    preference: int = Field(ge=1, le=5)


AnyMessage = TypeVar("AnyMessage", bound=_Message)


class Service:
    """One study being answered."""

    def __init__(
        self,
        folder: Path,
        study: Study,
        store: Store,
        results: Callable[[], Reply],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to serve.

        Args:
            folder: where the clips are.
            study: what is asked.
            store: where answers go.
            results: what is shown to who has the token.
            clock: seconds since any fixed moment.
        """
        self._folder, self._study, self._store = folder, study, store
        self._results, self._clock = results, clock
        self._signer = Signer(store.secret)
        self._parts = page_parts(study)
        self._starts: dict[tuple[int, Side], tuple[int, float]] = {}  # position, when
        self._by_listener = RateLimit(60, 20, clock)
        self._by_address = RateLimit(400, 40, clock)

    def application(self) -> Starlette:
        """The service as an ASGI application."""
        routes = [
            *(Route(path, self._guarded(self._part)) for path in self._parts),
            Route("/clips/{name}.wav", self._guarded(self._clip)),
            Route("/api/state", self._guarded(self._state)),
            Route("/api/join", self._guarded(self._join), methods=["POST"]),
            Route("/api/play", self._guarded(self._play), methods=["POST"]),
            Route("/api/choice", self._guarded(self._choice), methods=["POST"]),
            Route("/api/preference", self._guarded(self._preference), methods=["POST"]),
            Route("/results", self._guarded(self._show_results)),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refusal})

    def _guarded(self, handler: Handler) -> Handler:
        """A handler behind the rate limit and the check of origin, with every header it needs."""

        async def guarded(request: Request) -> Response:
            listener = self._listener(request)
            address = request.client.host if request.client else ""
            allowed = (
                self._by_address.allows(address)
                if listener is None
                else self._by_listener.allows(str(listener))
            )
            try:
                if not allowed:
                    raise HTTPException(429, "too many requests, please wait a moment")
                _check_origin(request)
                response = await handler(request)
            except HTTPException as error:
                response = _refusal(request, error)
            except RefusedError as error:
                response = JSONResponse({"error": str(error)}, 409)
            except sqlite3.Error:
                response = JSONResponse({"error": FULL}, 507)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded

    def _listener(self, request: Request) -> int | None:
        """Whose session this is, if anyone's."""
        return self._signer.listener_of(request.cookies.get(COOKIE, ""))

    def _known(self, request: Request) -> int:
        listener = self._listener(request)
        if listener is None:
            raise HTTPException(403, "no session, please reload the page")
        return listener

    async def _part(self, request: Request) -> Response:
        content, kind = self._parts[request.url.path]
        return Response(content, media_type=kind)

    async def _clip(self, request: Request) -> Response:
        """The sound of a clip, to whom it is due."""
        listener, name = self._known(request), request.path_params["name"]
        standing = await run_in_threadpool(self._store.standing, listener)
        if standing.pair is None or name not in (standing.pair.left, standing.pair.right):
            raise HTTPException(404, "no such clip")
        headers = {"Cache-Control": "private, max-age=3600"}
        return FileResponse(clip_path(self._folder, name), headers=headers, media_type="audio/wav")

    async def _state(self, request: Request) -> Response:
        listener = self._listener(request)
        if listener is None or await run_in_threadpool(self._store.code_of, listener) is None:
            return JSONResponse({"stage": "consent"})
        return await self._reply(listener)

    async def _join(self, request: Request) -> Response:
        """Begin, or go on with a code."""
        message = await _read(request, _Join)
        if message.code.strip():
            found = await run_in_threadpool(self._store.find, message.code)
            if found is None:
                raise HTTPException(404, "there is no such code")
            listener = found
        else:
            listener, _ = await run_in_threadpool(self._store.join)
        response = await self._reply(listener)
        response.set_cookie(
            COOKIE,
            self._signer.session(listener),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def _play(self, request: Request) -> Response:
        """A clip was started, or was heard to the end."""
        listener, message = self._known(request), await _read(request, _Play)
        standing = await self._asked(listener, message.ticket, "listen")
        key = (listener, message.side)
        if message.event == "start":
            self._starts[key] = (standing.position, self._clock())
        else:
            position, begun = self._starts.get(key, (None, 0.0))
            heard = self._clock() - begun
            needed = HEARD * self._study.clips[standing.clip(message.side)].seconds
            if position != standing.position or heard < needed:
                raise RefusedError("please listen to the whole melody")
            await run_in_threadpool(self._store.played, listener, standing.position, message.side)
        return await self._reply(listener)

    async def _choice(self, request: Request) -> Response:
        listener, message = self._known(request), await _read(request, _Choice)
        standing = await self._asked(listener, message.ticket, "listen")
        await run_in_threadpool(self._store.choose, listener, standing.position, message.choice)
        return await self._reply(listener)

    async def _preference(self, request: Request) -> Response:
        listener, message = self._known(request), await _read(request, _Preference)
        standing = await self._asked(listener, message.ticket, "preference")
        await run_in_threadpool(self._store.prefer, listener, standing.position, message.preference)
        return await self._reply(listener)

    async def _asked(self, listener: int, ticket: str, stage: str) -> Standing:
        """How far the listener is, if the ticket is for what is due now."""
        standing = await run_in_threadpool(self._store.standing, listener)
        if self._signer.is_ticket(ticket, listener, standing.position, standing.stage):
            if standing.stage == stage:
                return standing
            raise RefusedError("this question is not due")
        for past in product(range(standing.position + 1), ("listen", "preference")):
            if self._signer.is_ticket(ticket, listener, *past):
                raise RefusedError("this was answered already")
        raise HTTPException(403, "this answer was not asked for")

    async def _reply(self, listener: int) -> JSONResponse:
        """Where the listener stands, as the page needs it."""
        standing = await run_in_threadpool(self._store.standing, listener)
        code = await run_in_threadpool(self._store.code_of, listener)
        reply: Reply = {
            "stage": standing.stage,
            "number": standing.position + 1,
            "of": self._study.trials,
            "code": code,
        }
        if standing.pair is not None:
            reply["ticket"] = self._signer.ticket(listener, standing.position, standing.stage)
            reply["played"] = standing.played
            reply["left"] = f"/clips/{standing.pair.left}.wav"
            reply["right"] = f"/clips/{standing.pair.right}.wav"
        return JSONResponse(reply)

    async def _show_results(self, request: Request) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else request.query_params.get("token", "")
        if not is_token(self._store.token, given):
            raise HTTPException(403, "the results are behind a token, which `study serve` printed")
        return JSONResponse(await run_in_threadpool(self._results))


def _check_origin(request: Request) -> None:
    """A page from elsewhere may not answer in a listener's name."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "asked from another site")


async def _read(request: Request, kind: type[AnyMessage]) -> AnyMessage:
    """The message in a request's body."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "expected JSON")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, "too long")
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, "not an answer that can be given") from error


def _refusal(_request: Request, error: Any) -> Response:  # Starlette types it as any Exception
    return JSONResponse({"error": error.detail}, error.status_code, headers=dict(HEADERS))
