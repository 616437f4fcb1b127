"""Running the service on a port, with connections that cannot exhaust it.

A complete request must arrive within `PATIENCE`, and its answer be received within `LONGEST`.
Beyond `most` connections the one that has kept the service waiting longest is closed, so that new
listeners are always served.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import ExitStack
from typing import Any, Literal

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from sequence_tutor.errors import UserError
from sequence_tutor.serving.limits import Failures

PATIENCE = 10.0  # seconds for a whole request
LONGEST = 120.0  # seconds for the longest answer, a clip over a slow line

Stage = Literal["asking", "answering", "idle"]

ASKED = (h11.DONE, h11.MUST_CLOSE)
"""States of a client whose request is complete; with the second it has asked to close, as
Python's urllib does."""

MOST_CONNECTIONS = 1024
WAITING = 1024  # connections that the system keeps until they are taken
AT_ONCE = 8  # taken in one go
OWN_FILES = 32  # of the process itself: the database, clips on their way


def listen(host: str, port: int) -> socket.socket:
    """Bind a port; 0 takes any free one.

    Raises:
        UserError: the port is in use or not allowed, or the address is not of this machine.
    """
    if not 0 <= port < 2**16:
        raise UserError(f"--port {port}: expected a number from 0 to 65535")
    if not host:
        raise UserError("--host: an empty name was given, expected an address such as 127.0.0.1")
    reasons = {
        errno.EADDRINUSE: "another program uses it; choose another with --port",
        errno.EACCES: "this user may not use it, expected one from 1024",
        errno.EADDRNOTAVAIL: "no such address on this machine, expected 127.0.0.1 or 0.0.0.0",
    }
    try:
        with ExitStack() as closing:
            kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            taken = closing.enter_context(socket.socket(kind, socket.SOCK_STREAM))
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
            taken.listen(128)
            closing.pop_all()  # it stays open
    except OSError as error:
        reason = reasons.get(error.errno or 0, error.strerror)
        raise UserError(f"{host} port {port}: {reason}") from error
    return taken


def server(application: ASGIApp, most: int | None = None) -> uvicorn.Server:
    """A server that runs until it is interrupted and logs no requests.

    It accepts `most` connections at once; None: `most_connections`.
    """
    config = uvicorn.Config(
        application,
        http=limited(most_connections() if most is None else most),
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        backlog=AT_ONCE,
        timeout_graceful_shutdown=5,
    )
    return _Server(config)


def most_connections() -> int:
    """Number of connections that leaves the process enough files of its own."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows, where sockets are no files
        return MOST_CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(4, min(MOST_CONNECTIONS, (files - OWN_FILES - AT_ONCE) // 2))


class _Server(uvicorn.Server):
    """Accepts few connections at a time, each being a file; the system queues the others."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        failures = Failures(time.monotonic)

        def note(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
            """Log errors at most now and then, but no broken connections."""
            error = context.get("exception")
            if isinstance(error, BaseException) and not isinstance(error, ConnectionError):
                failures.note(error)

        asyncio.get_running_loop().set_exception_handler(note)
        await super().startup(sockets)
        for taken in sockets or ():
            taken.listen(WAITING)


def limited(most: int, patience: float = PATIENCE, longest: float = LONGEST) -> type[H11Protocol]:
    """A uvicorn protocol class for `most` connections, with limits in seconds."""

    class Limited(H11Protocol):
        """Closes connections that exceed a limit."""

        open: dict[Any, None] = {}  # noqa: RUF012  # of one server: the class is made for it

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            # as uvicorn
            super().connection_made(transport)
            self._timer: asyncio.TimerHandle | None = None
            self._stage: Stage = "asking"
            self.open[self] = None
            self._begin("asking")
            while len(self.open) > most:
                self._longest_waiting()._close()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            self.open.pop(self, None)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._stage == "idle":
                self._begin("asking")
            super().data_received(data)
            if self._stage == "asking" and self.conn.their_state in ASKED:
                self._begin("answering")

        def on_response_complete(self) -> None:
            self._begin("idle")  # uvicorn has its own timeout for this
            super().on_response_complete()
            if self.conn.their_state in ASKED or self.transport.is_closing():
                self._begin("answering")  # the next request was there already, or the rest goes out
            elif self.conn.their_state is h11.SEND_BODY:
                self._begin("asking")

        def _longest_waiting(self) -> Any:
            """The oldest; those being answered only after all others."""
            return min(self.open, key=lambda one: one._stage == "answering")

        def _begin(self, stage: Stage) -> None:
            self._stop()
            self._stage = stage
            if stage != "idle":
                seconds = patience if stage == "asking" else longest
                self._timer = self.loop.call_later(seconds, self._close)

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _close(self) -> None:
            self._stop()
            self.open.pop(self, None)
            self.transport.abort()

    return Limited
