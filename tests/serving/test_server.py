"""Ports."""

from __future__ import annotations

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.serving.server import listen


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
