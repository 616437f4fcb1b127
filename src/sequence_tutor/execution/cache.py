"""Results that are kept, up to a number of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import ItemsView
from typing import Generic, TypeVar

Value = TypeVar("Value")

LONGEST_KEY = 1000
"""Characters; longer strings are not cached, so that many of them cannot fill the memory."""


class Cache(Generic[Value]):
    """Values by string; the least recently used value is removed first. Threads may share it.

    Args:
        size: most values; 0 keeps none.

    Attributes:
        hits, misses: how often `get` returned a value, and how often it returned None.
    """

    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError(f"a cache of {size} values, expected 0 or more")
        self.size = size
        self.hits = 0
        self.misses = 0
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> ItemsView[str, Value]:
        """Keys with their values, the one used least recently first."""
        return self._values.items()

    def get(self, key: str) -> Value | None:
        """The value of `key`; None if there is none."""
        with self._lock:
            value = self._values.get(key)
            if value is None:
                self.misses += 1
            else:
                self.hits += 1
                self._values.move_to_end(key)
            return value

    def put(self, key: str, value: Value) -> None:
        """Store a value; remove the least recently used one if there are too many."""
        if not self.size or len(key) > LONGEST_KEY:
            return
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self.size:
                self._values.popitem(last=False)
