"""Limits of the service: how often a client may ask, and how often an error is logged."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable

from sequence_tutor.errors import printable

INTERVAL = 10.0  # seconds between two lines of the log


class RateLimit:
    """One token bucket for each key: `burst` requests at once, `per_second` in the long run.

    Kept in memory only, for the `most` most recently used keys; `clock` gives seconds.
    """

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float], most: int = 10_000
    ) -> None:
        self._burst, self._per_second, self._clock, self._most = burst, per_second, clock, most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, when

    def allows(self, key: str) -> bool:
        """Count one more request; False if it exceeds the limit."""
        now = self._clock()
        left, then = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        allowed = left >= 1
        self._buckets[key] = (left - allowed, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return allowed


class Failures:
    """Prints errors of the service to standard error, at most one line in `INTERVAL`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said: float | None = None
        self._unsaid = 0

    def note(self, error: BaseException) -> None:
        """Count an error, and print it unless another was printed just before."""
        now = self._clock()
        if self._said is not None and now - self._said < INTERVAL:
            self._unsaid += 1
            return
        others = f" ({self._unsaid} more since the last line)" if self._unsaid else ""
        self._said, self._unsaid = now, 0
        what = printable(f"{type(error).__name__}: {error}", 300)
        print(f"sequence-tutor: a request failed: {what}{others}", file=sys.stderr, flush=True)
