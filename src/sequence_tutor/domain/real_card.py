"""What a prior's card says of held-out sequences: figures, none of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

CARD = "real"
"""The name that a card has them under: length -> `count`, and `statistics` of value, low, high."""


def real_card(card: Mapping[str, Any], length: int) -> Mapping[str, Any] | None:
    """The entry of a length; None: the card has none.

    Args:
        card: of a prior.
        length: T, tokens of a sequence.
    """
    figures = card.get(CARD)
    own = figures.get(str(length)) if isinstance(figures, Mapping) else None
    return own if isinstance(own, Mapping) else None


def nearest_length(card: Mapping[str, Any], length: int) -> int | None:
    """The length nearest to another, by their ratio, for which a card has figures; None: none."""
    figures = card.get(CARD)
    names = list(figures) if isinstance(figures, Mapping) else []
    known = [int(one) for one in names if str(one).isdecimal() and int(one) > 0]
    return min(known, key=lambda one: abs(math.log(one / length)), default=None)


def real_value(card: Mapping[str, Any], length: int, statistic: str) -> float | None:
    """The value of one statistic over held-out sequences of a length; None: it is not known."""
    own = real_card(card, length)
    found = own["statistics"].get(statistic) if own is not None else None
    value = found["value"] if isinstance(found, Mapping) else None
    return None if value is None else float(value)


def real_opening(card: Mapping[str, Any], length: int, real: str) -> str:
    """How often real sequences open as most of them do, in words; empty: it is not known.

    Args:
        card: of a prior.
        length: tokens of a sequence.
        real: what real sequences are called.
    """
    share = real_value(card, length, "commonest_opening")
    return "" if share is None else f"{real}: {share:.0%}"
