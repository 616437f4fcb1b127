"""Ports, and how long an answer may take."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sequence_tutor.errors import UserError
from sequence_tutor.serving import server as servers
from sequence_tutor.serving.server import limited, listen, server


def test_a_port_that_is_taken_or_none() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"127\.0\.0\.1 port {port}: another program uses it"):
            listen("127.0.0.1", port)
    with listen("127.0.0.1", port) as again:
        assert again.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UserError, match="--port 70000: expected a number from 0 to 65535"):
        listen("127.0.0.1", 70000)
    with pytest.raises(UserError, match=r"192\.0\.2\.1 port 0: no such address"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_a_slow_answer_is_waited_for_whatever_becomes_of_the_connection(
    connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "limited", lambda most: limited(most, patience=0.15))

    async def slow(request: Request) -> PlainTextResponse:
        body = await request.body()
        await asyncio.sleep(0.4)  # longer than a request may take to arrive
        return PlainTextResponse(body.decode())

    runs = server(Starlette(routes=[Route("/", slow, methods=["POST"])]), 8)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nContent-Length: 4\r\n\r\n"
    with listen("127.0.0.1", 0) as port:
        thread = threading.Thread(target=runs.run, kwargs={"sockets": [port]})
        thread.start()
        try:
            with socket.create_connection(port.getsockname(), timeout=5) as client:
                client.sendall(head.encode())
                client.sendall(b"done")
                answer = b""
                while not answer.endswith(b"done") and (part := client.recv(4096)):
                    answer += part
        finally:
            runs.should_exit = True
            thread.join()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"done")
