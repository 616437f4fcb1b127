"""Aims at what real sequences have: the word `real` in place of numbers, such as ">= real".

The card of a prior says what its held-out data has in every row of the table, by length. `real`
alone is the 95 % interval of that value, ">= real" is at least the value and "<= real" at most. So
the same settings suit another prior and another length, where real sequences have other values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sequence_tutor.config.aims import REAL
from sequence_tutor.domain import Domain
from sequence_tutor.domain.real_card import nearest_length, real_card
from sequence_tutor.errors import SettingsError


def in_numbers(
    aims: Mapping[str, Any], domain: Domain, card: Mapping[str, Any], length: int
) -> dict[str, Any]:
    """Aims with the values of real sequences in place of the word.

    Args:
        aims: row -> what it should be, as the table of a settings file has it.
        domain: whose rows they are.
        card: of the prior.
        length: T, tokens of a sequence; if the card has no figures for it, those of the nearest
            length are taken.

    Raises:
        SettingsError: the card does not say what real sequences have in that row.
    """
    known = real_card(card, nearest_length(card, length) or length)
    figures = known.get("statistics") if known is not None else None

    def read(row: str, wanted: Any) -> Any:
        if isinstance(wanted, Mapping):
            return {**wanted, "aim": read(row, wanted["aim"])} if "aim" in wanted else wanted
        if isinstance(wanted, Sequence) and not isinstance(wanted, str):
            return [read(row, one) for one in wanted]
        found = REAL.fullmatch(wanted.strip()) if isinstance(wanted, str) else None
        if found is None:
            return wanted
        figure = figures.get(row) if isinstance(figures, Mapping) else None
        share = row in domain.figures and domain.figures[row].share
        return _in_numbers(row, found["sign"] or "=", figure, domain.real, share=share)

    return {row: read(row, wanted) for row, wanted in aims.items()}


def length_remark(
    aims: Mapping[str, Any], domain: Domain, card: Mapping[str, Any], length: int
) -> str:
    """Of which other length the figures of real sequences are; empty: of that length."""
    nearest = nearest_length(card, length)
    if nearest in (None, length) or domain.end_token is not None:
        return ""
    texts = [str(wanted) for wanted in aims.values()]
    if not any(re.search(r"\breal\b", text) for text in texts):
        return ""
    return (
        f"aims at what {domain.real} have are those of {nearest} tokens: the prior's card has no "
        f"figures of {length}"
    )


def _finite(figure: object, name: str) -> float | None:
    """A number of a card, which may hold anything; None: it is not there."""
    found = figure.get(name) if isinstance(figure, Mapping) else None
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if math.isfinite(found) else None


def _in_numbers(row: str, sign: str, figure: object, real: str, *, share: bool) -> str:
    """The aim of one bound in numbers."""
    value, low, high = (_finite(figure, name) for name in ("value", "low", "high"))
    if value is None:
        raise SettingsError(
            f"aims.{row}: the prior's card does not say what {real} have; give a number, or read "
            f"aims off files with --aims-from"
        )
    if sign != "=":
        return f"{sign} {_shown(value, share=share)}"
    if low is None or high is None:
        raise SettingsError(f"aims.{row}: no interval of {real} is known; use '>= real'")
    ends = _shown(low, share=share), _shown(high, share=share)
    if share and low <= 0:  # the end of what the row can be is no bound
        return f"<= {ends[1]}"
    return f">= {ends[0]}" if share and high >= 1 else " .. ".join(ends)


def _shown(value: float, *, share: bool) -> str:
    return f"{100 * value:.4g} %" if share else f"{value:.4g}"
