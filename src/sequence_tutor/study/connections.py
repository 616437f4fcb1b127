"""Connections that cannot exhaust the service, whatever their number and content.

A complete request must arrive within `PATIENCE`, and its answer be received within `LONGEST`.
Beyond `most` connections the one that has kept the service waiting longest is closed, so that new
listeners are always served.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0  # seconds for a whole request
LONGEST = 120.0  # seconds for the longest answer, a clip over a slow line


Stage = Literal["asking", "answering", "idle"]


def limited(most: int, patience: float = PATIENCE, longest: float = LONGEST) -> type[H11Protocol]:
    """A uvicorn protocol class with limits.

    Args:
        most: connections at once.
        patience: seconds for a request to arrive.
        longest: seconds for an answer to be received.
    """

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
            if self._stage == "asking" and self.conn.their_state is h11.DONE:
                self._begin("answering")

        def on_response_complete(self) -> None:
            self._begin("idle")  # for which uvicorn has a time of its own
            super().on_response_complete()
            if self.conn.their_state is h11.DONE or self.transport.is_closing():
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
