"""Meters: how many sixteenths a bar has, and where its beats are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

WHOLE_STEPS = 16
"""Sixteenths of a whole note."""

UNITS = (1, 2, 4, 8, 16)
"""Denominators whose bars are whole numbers of sixteenths."""

MOST_BEATS = 64

_TEXT = re.compile(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*")


@dataclass(frozen=True)
class Meter:
    """A time signature, such as 6/8.

    >>> Meter(6, 8).steps, Meter(6, 8).beats
    (12, (6, 6))
    """

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        """Refuse a meter whose bar is no whole number of sixteenths."""
        if not 1 <= self.numerator <= MOST_BEATS or self.denominator not in UNITS:
            raise ValueError(
                f"meter {self} must look like 4/4 or 6/8: at most {MOST_BEATS} units of "
                f"1/{', 1/'.join(map(str, UNITS))}"
            )

    @classmethod
    def parse(cls, text: str) -> Meter:
        """The meter of a text such as ``6/8``; ValueError if it is none."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"meter {text!r} must look like 4/4 or 6/8")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def or_common(cls, text: str | None) -> Meter:
        """The meter of a text; 4/4 where there is none."""
        return cls.parse(text) if text else COMMON

    @classmethod
    def of_pair(cls, pair: Sequence[int]) -> Meter | None:
        """The meter of a numerator and a denominator; None if it is not valid."""
        try:
            return cls(*pair)
        except (TypeError, ValueError):
            return None

    @classmethod
    def of_steps(cls, steps: int) -> Meter:
        """The meter with the largest unit up to quarters whose bar has so many sixteenths."""
        unit = next(unit for unit in (4, 8, 16) if steps * unit % WHOLE_STEPS == 0)
        return cls(steps * unit // WHOLE_STEPS, unit)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @property
    def steps(self) -> int:
        """Sixteenths of a bar."""
        return self.numerator * WHOLE_STEPS // self.denominator

    @cached_property
    def beats(self) -> tuple[int, ...]:
        """Sixteenths of each beat, in order.

        Beats are quarters if the unit is a quarter or longer. Eighths and sixteenths are grouped in
        threes if possible, as in 6/8, else in twos with a last group of three, as in 7/8.
        """
        unit = WHOLE_STEPS // self.denominator
        if self.denominator <= 4:
            return (4,) * (self.steps // 4)
        if self.numerator % 3 == 0:
            return (3 * unit,) * (self.numerator // 3)
        if self.numerator % 2 == 0 or self.numerator == 1:
            return (2 * unit,) * (self.numerator // 2) or (unit,)
        return (2 * unit,) * (self.numerator // 2 - 1) + (3 * unit,)

    @property
    def is_in_quarters(self) -> bool:
        """Whether every beat is a quarter."""
        return set(self.beats) == {4}

    def beat_at(self, place: int) -> tuple[int, int]:
        """First step of the beat at a position of the bar, and the step after its last."""
        edges = accumulate(self.beats, initial=0)
        return next(beat for beat in pairwise(edges) if beat[0] <= place < beat[1])


COMMON = Meter(4, 4)
