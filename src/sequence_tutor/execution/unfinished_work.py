"""What the workers of a pool have still to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic

from sequence_tutor.execution.protocol import Item, Lost, Result


class Work(Generic[Item, Result]):
    """The items of one call: those not sent yet, those to be tried again, the results so far.

    Args:
        items: of the call.

    Attributes:
        results: in the order of the items; what has none yet is `Lost`.
        unfinished: items without a result.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: list[Result | Lost] = [Lost.DIED] * len(items)
        self.unfinished = len(items)
        self._fresh = 0
        self._again: deque[int] = deque()
        self._tried_alone: set[int] = set()

    @property
    def left(self) -> int:
        """Items that were never sent."""
        return len(self.items) - self._fresh

    def take(self, size: int) -> Sequence[int]:
        """The next positions: up to `size` new ones, or one that is tried again."""
        if self._fresh < len(self.items):
            begin, self._fresh = self._fresh, min(self._fresh + size, len(self.items))
            return range(begin, self._fresh)
        if self._again:
            alone = self._again.popleft()
            self._tried_alone.add(alone)
            return (alone,)
        return ()

    def finish(self, chunk: Sequence[int], results: Sequence[Result | Lost]) -> None:
        """Keep the results of the positions of a chunk."""
        for position, result in zip(chunk, results, strict=True):
            self.results[position] = result
        self.unfinished -= len(chunk)

    def lose(self, chunk: Sequence[int], why: Lost) -> None:
        """Try the items of a chunk that lost its worker again, or give up one tried alone."""
        for position in chunk:
            if position in self._tried_alone:
                self.finish((position,), (why,))
            else:
                self._again.append(position)
