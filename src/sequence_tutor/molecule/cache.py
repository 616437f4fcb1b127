"""What was computed lately, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")

LONGEST_KEY = 1000
"""Characters; longer strings are not kept, so that a flood of them cannot fill the memory."""


class Cache(Generic[Value]):
    """Values by string; the one not asked for the longest goes first.

    Example:
        cache = Cache(100_000)
        cache.put("CCO", record)
        cache.get("CCO")

    Attributes:
        hits: how often `get` found something.
        misses: how often it did not.
    """

    def __init__(self, size: int) -> None:
        """Start empty.

        Args:
            size: how many values are kept at most; 0 keeps none.
        """
        if size < 0:
            raise ValueError(f"a cache of {size} values, expected 0 or more")
        self.size = size
        self.hits = 0
        self.misses = 0
        self._values: OrderedDict[str, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Value | None:
        """The value kept under `key`, None where there is none (any more)."""
        value = self._values.get(key)
        if value is None:
            self.misses += 1
        else:
            self.hits += 1
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value, and forget the one not used for the longest where that is too many."""
        if not self.size or len(key) > LONGEST_KEY:
            return
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self.size:
            self._values.popitem(last=False)
