"""Running the service on a port."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

import uvicorn
from starlette.types import ASGIApp

from sequence_tutor.errors import UserError


def listen(host: str, port: int) -> socket.socket:
    """Take a port before anything is promised; 0 takes any free one.

    Raises:
        UserError: the port is taken or not allowed, or the address is not this machine's.
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


def server(application: ASGIApp) -> uvicorn.Server:
    """What serves until it is interrupted; nothing is logged of who asked for what."""
    config = uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)
