"""Running the service on a port."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from contextlib import ExitStack

import uvicorn
from starlette.types import ASGIApp

from sequence_tutor.errors import UserError
from sequence_tutor.study.connections import limited
from sequence_tutor.study.limits import Failures

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

    Args:
        application: the ASGI application.
        most: connections at once; None: `most_connections`.
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
    """Connections such that the process can still open its own files."""
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
