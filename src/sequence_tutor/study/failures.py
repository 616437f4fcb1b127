"""Errors of the service itself: one line now and then, so that no log fills a disk."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sequence_tutor.errors import printable

INTERVAL = 10.0  # seconds between two lines


class Failures:
    """Says on standard error that something went wrong, and how often since it last did."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with nothing said.

        Args:
            clock: seconds since any fixed moment.
        """
        self._clock = clock
        self._said: float | None = None
        self._unsaid = 0

    def note(self, error: BaseException) -> None:
        """Count an error, and say it if nothing was said for a while."""
        now = self._clock()
        if self._said is not None and now - self._said < INTERVAL:
            self._unsaid += 1
            return
        others = f" ({self._unsaid} more since the last line)" if self._unsaid else ""
        self._said, self._unsaid = now, 0
        what = printable(f"{type(error).__name__}: {error}", 300)
        print(f"sequence-tutor: a request failed: {what}{others}", file=sys.stderr, flush=True)
