"""Design: what sequences are designed around, and the interface of what writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from sequence_tutor.prior.protocol import Prior


@dataclass(frozen=True)
class Scaffold:
    """Design around a part: something is to be at each of its open points.

    Attributes:
        part: in the words of the user, such as `[*]c1ccncc1`.
    """

    part: str


@dataclass(frozen=True)
class Ends:
    """Design between two ends.

    Attributes:
        parts: both in the words of the user, such as `[*]c1ccncc1.[*]N1CCOCC1`.
    """

    parts: str


@dataclass(frozen=True)
class Near:
    """Design what resembles a whole sequence.

    Attributes:
        lead: that sequence, in the words of the user.
        similarity: to it, lowest and highest.
    """

    lead: str
    similarity: tuple[float, float] = (0.5, 0.7)


Around = Scaffold | Ends | Near
"""What sequences are designed around."""


@dataclass(frozen=True)
class Draws:
    """What a `Designer` is to draw, and from what.

    Attributes:
        policy: writes.
        prior: says how likely what is given can be written in one way or another.
        count: draws.
        generator: source of all randomness.
        temperature: divides log pi.
    """

    policy: Prior
    prior: Prior
    count: int
    generator: torch.Generator
    temperature: float = 1.0


@dataclass(frozen=True)
class Designed:
    """What a `Designer` wrote at a time; the same sequence may come several times.

    Attributes:
        tokens: of each sequence.
        facts: of each, by name, such as the groups at its points; JSON.
        drawn: how many were tried.
        dropped: reason -> how many of them are not among the sequences.
    """

    tokens: Sequence[list[int]]
    facts: Sequence[Mapping[str, Any]]
    drawn: int
    dropped: Mapping[str, int]


class Designer(Protocol):
    """Writes sequences around what a user gave; may remember what it wrote."""

    def write(self, draws: Draws) -> Designed:
        """Sequences from so many draws."""

    def numbers(self, tokens: list[int]) -> Mapping[str, float]:
        """What tables show of one of its sequences: name -> number."""
