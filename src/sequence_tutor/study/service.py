"""The web service that asks listeners.

The browser receives names of clips, none of models. Every answer carries a signed ticket for one
question to one listener; anything replayed, forged, out of range or of another listener is refused
before any change.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sequence_tutor.errors import UserError
from sequence_tutor.serving.limits import Failures, RateLimit
from sequence_tutor.serving.replies import HEADERS, refusal
from sequence_tutor.serving.requests import Hosts, check_origin, read_body
from sequence_tutor.study.design import SIDES, Side, Study
from sequence_tutor.study.folder import clip_path
from sequence_tutor.study.page import page_parts
from sequence_tutor.study.requests import (
    LARGEST_BODY,
    ChosenSide,
    Join,
    Play,
    Preference,
    Signer,
    is_same,
    read_message,
)
from sequence_tutor.study.store import ListenerState, RefusedError, Store

COOKIE = "listener"
HEARD = 0.95  # share of a clip's time that must pass between its start and its end
FULL = "your answer could not be saved just now; nothing before it is lost, please try again"

FAILED = "something went wrong; please reload the page"

Reply = dict[str, object]
Handler = Callable[[Request, bytes], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """One study being answered.

    `results` is called for a request with the results' token; `clock` gives seconds; `hosts` are
    the allowed host names, by default those of this machine.
    """

    def __init__(
        self,
        folder: Path,
        study: Study,
        store: Store,
        results: Callable[[], Reply],
        clock: Callable[[], float] = time.monotonic,
        hosts: Hosts | None = None,
    ) -> None:
        self._hosts = hosts or Hosts()
        self._failures = Failures(clock)
        self._folder, self._study, self._store = folder, study, store
        self._results, self._clock = results, clock
        self._signer = Signer(store.secret)
        self._parts = page_parts(study)
        self._starts: dict[tuple[int, Side], tuple[int, float]] = {}  # position, when
        self._begun: dict[int, tuple[int, float]] = {}  # listener -> the same of the first clip
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
        return Starlette(routes=routes, exception_handlers={HTTPException: refusal})

    def _guarded(self, handler: Handler) -> Endpoint:
        """A handler with rate limit, check of origin, error replies and headers."""

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
                self._hosts.check(request)
                check_origin(request)
                body = await read_body(request, LARGEST_BODY)
                # all disk access of a request in one thread
                response = await run_in_threadpool(handler, request, body)
            except HTTPException as error:
                response = refusal(request, error)
            except RefusedError as error:
                response = JSONResponse({"error": str(error)}, 409)
            except sqlite3.Error:
                response = JSONResponse({"error": FULL}, 507)
            except ClientDisconnect:  # nobody reads the reply
                response = JSONResponse({"error": "broken off"}, 400)
            except Exception as error:
                self._failures.note(error)
                response = JSONResponse({"error": FAILED}, 500)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded

    def _listener(self, request: Request) -> int | None:
        """The listener of this session; None: there is no valid session."""
        return self._signer.listener_of(request.cookies.get(COOKIE, ""))

    def _known(self, request: Request) -> int:
        listener = self._listener(request)
        if listener is None:
            raise HTTPException(403, "no session, please reload the page")
        return listener

    def _part(self, request: Request, body: bytes) -> Response:
        content, kind = self._parts[request.url.path]
        return Response(content, media_type=kind)

    def _clip(self, request: Request, body: bytes) -> Response:
        """The sound of a clip of the current question."""
        listener, name = self._known(request), request.path_params["name"]
        standing = self._store.standing(listener)
        if standing.pair is None or name not in (standing.pair.left, standing.pair.right):
            raise HTTPException(404, "no such clip")
        path, headers = clip_path(self._folder, name), {"Cache-Control": "private, max-age=3600"}
        if not path.is_file():  # it was there when the service started
            raise HTTPException(503, "this melody is not there just now")
        return FileResponse(path, headers=headers, media_type="audio/wav")

    def _state(self, request: Request, body: bytes) -> Response:
        listener = self._listener(request)
        if listener is None or self._store.code_of(listener) is None:
            return JSONResponse({"stage": "consent"})
        return self._reply(listener)

    def _join(self, request: Request, body: bytes) -> Response:
        """Begin, or continue with a code."""
        message = read_message(body, Join)
        if message.code.strip():
            found = self._store.find(message.code)
            if found is None:
                raise HTTPException(404, "there is no such code")
            listener = found
        else:
            listener, _ = self._store.join()
        response = self._reply(listener)
        response.set_cookie(
            COOKIE,
            self._signer.session(listener),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def _play(self, request: Request, body: bytes) -> Response:
        """A clip started, or ended."""
        listener, message = self._known(request), read_message(body, Play)
        standing = self._asked(listener, message.ticket, "listen")
        key = (listener, message.side)
        now = self._clock()
        if message.event == "start":
            self._starts[key] = (standing.position, now)
            if not standing.played and self._begun.get(listener, (None,))[0] != standing.position:
                self._begun[listener] = (standing.position, now)
        else:
            position, begun = self._starts.get(key, (None, 0.0))
            if position != standing.position or now - begun < HEARD * self._seconds(
                standing, message.side
            ):
                raise RefusedError("please listen to the whole melody")
            self._check_both(listener, standing, message.side, now)
            self._store.played(listener, standing.position, message.side)
        return self._reply(listener)

    def _check_both(self, listener: int, standing: ListenerState, side: Side, now: float) -> None:
        """Refuse two clips in less time than both take: they cannot be heard at once."""
        position, begun = self._begun.get(listener, (None, 0.0))
        if position != standing.position or not set(standing.played) - {side}:
            return  # the other is not heard yet, or was before the service was restarted
        if now - begun < HEARD * sum(self._seconds(standing, one) for one in SIDES):
            raise RefusedError("please listen to one melody after the other")

    def _seconds(self, standing: ListenerState, side: Side) -> float:
        return self._study.clips[standing.clip(side)].seconds

    def _choice(self, request: Request, body: bytes) -> Response:
        listener, message = self._known(request), read_message(body, ChosenSide)
        standing = self._asked(listener, message.ticket, "listen")
        self._store.choose(listener, standing.position, message.choice)
        return self._reply(listener)

    def _preference(self, request: Request, body: bytes) -> Response:
        listener, message = self._known(request), read_message(body, Preference)
        standing = self._asked(listener, message.ticket, "preference")
        self._store.prefer(listener, standing.position, message.preference)
        return self._reply(listener)

    def _asked(self, listener: int, ticket: str, stage: str) -> ListenerState:
        """The state of the listener, if the ticket is for the current question."""
        standing = self._store.standing(listener)
        if self._signer.is_ticket(ticket, listener, standing.position, standing.stage):
            if standing.stage == stage:
                return standing
            raise RefusedError("this question is not due")
        for past in product(range(standing.position + 1), ("listen", "preference")):
            if self._signer.is_ticket(ticket, listener, *past):
                raise RefusedError("this was answered already")
        raise HTTPException(403, "this answer was not asked for")

    def _reply(self, listener: int) -> JSONResponse:
        """The state of the listener for the page."""
        standing = self._store.standing(listener)
        code = self._store.code_of(listener)
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

    def _show_results(self, request: Request, body: bytes) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else request.query_params.get("token", "")
        if not is_same(self._store.token, given):
            raise HTTPException(403, "the results are behind a token, which `study serve` printed")
        try:
            return JSONResponse(self._results())
        except UserError as error:  # nobody has answered yet
            raise HTTPException(409, str(error)) from error
