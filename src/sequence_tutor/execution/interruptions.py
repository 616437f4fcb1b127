"""Signals that end the process are kept until the work is where it can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruptions:
    """Within its `with` block, a signal takes effect only where `check` or `allowed` say so.

    A second signal takes effect at once. Only the main thread gets signals, so elsewhere nothing
    changes; nor for a signal without a handler, which ends the process.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._kept: int | None = None
        self._is_allowed = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in SIGNALS:
                number = getattr(signal, name, None)  # Windows has no SIGHUP
                handler = None if number is None else signal.getsignal(number)
                if number is not None and callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._keep)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    @property
    def is_asked(self) -> bool:
        """Whether a signal is kept."""
        return self._kept is not None

    def check(self) -> None:
        """Let a signal that is kept take effect.

        Raises:
            KeyboardInterrupt: there is one, and its handler raises it.
        """
        if self._kept is not None:
            number, self._kept = self._kept, None
            self._handlers[number](number, None)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Signals take effect at any moment of the block; the one that is kept, as it begins."""
        self._is_allowed = True
        try:
            self.check()
            yield
        finally:
            self._is_allowed = False

    def _keep(self, number: int, frame: FrameType | None) -> None:
        if self._is_allowed or self._kept is not None:
            self._handlers[number](number, frame)
        self._kept = number
