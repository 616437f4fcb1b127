"""What a program says of molecules, and what it has not been asked yet."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sequence_tutor.execution.protocol import Lost

Answer = Mapping[str, Any] | Lost
"""What a program says of a molecule, JSON; empty: it has no number."""

VALUE = "value"
"""The name of a program's number where it gives a single one."""


def number_of(answer: Answer, name: str) -> float:
    """A number of an answer; NaN where there is none or it is not finite."""
    found = None if isinstance(answer, Lost) else answer.get(name)
    try:
        number = math.nan if found is None else float(found)
    except OverflowError:  # an integer of too many digits
        return math.nan
    return number if math.isfinite(number) else math.nan


class Questions:
    """The molecules of one call: those not asked yet, those to be asked alone, the answers."""

    def __init__(
        self, smiles: Sequence[str], first: int, told: Callable[[str, Answer], None]
    ) -> None:
        self._smiles, self._first, self._told = smiles, first, told
        self.answers: list[Answer] = [{}] * len(smiles)
        self.unfinished = len(smiles)
        self._fresh = deque(range(first, first + len(smiles)))
        self._again: deque[int] = deque()
        self._tried_alone: set[int] = set()

    @property
    def left(self) -> int:
        """How many are to be asked yet."""
        return len(self._fresh) + len(self._again)

    def smiles(self, number: int) -> str:
        """The molecule of a number."""
        return self._smiles[number - self._first]

    def line(self, number: int) -> bytes:
        """What a program reads of a question."""
        return json.dumps({"smiles": self.smiles(number), "id": number}).encode() + b"\n"

    def take(self, count: int, *, alone: bool) -> list[int]:
        """The next numbers: up to `count`, or, for a free process, one that is tried alone."""
        if alone and self._again:
            one = self._again.popleft()
            self._tried_alone.add(one)
            return [one]
        return [self._fresh.popleft() for _ in range(min(count, len(self._fresh)))]

    def is_alone(self, numbers: Sequence[int]) -> bool:
        """Whether one of them is to be with no others."""
        return not self._tried_alone.isdisjoint(numbers)

    def finish(self, number: int, answer: Answer) -> None:
        """Keep an answer, and tell it."""
        self._told(self.smiles(number), answer)
        self.answers[number - self._first] = answer
        self.unfinished -= 1

    def put_back(self, numbers: Sequence[int]) -> None:
        """Ask these again, before all others."""
        self._fresh.extendleft(reversed(numbers))

    def lose(self, number: int, why: Lost) -> None:
        """Ask a question once more, alone, or give it up if that was done."""
        if number in self._tried_alone:
            self.finish(number, why)
        else:
            self._again.append(number)
