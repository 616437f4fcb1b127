"""How often one listener or one address may ask: a bucket that fills up again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable


class RateLimit:
    """Token buckets, one for each key, the longest unused forgotten first.

    Nothing of it is written down: an address is known only while the service runs.
    """

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float], most: int = 10_000
    ) -> None:
        """Start with every bucket full.

        Args:
            burst: requests at once.
            per_second: requests in the long run.
            clock: seconds since any fixed moment.
            most: keys remembered.
        """
        self._burst, self._per_second, self._clock, self._most = burst, per_second, clock, most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, when

    def allows(self, key: str) -> bool:
        """Whether one more request is within the limit; if so it is counted."""
        now = self._clock()
        left, then = self._buckets.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        allowed = left >= 1
        self._buckets[key] = (left - allowed, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return allowed
