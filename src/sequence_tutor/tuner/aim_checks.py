"""Aims that nothing could measure or meet, or that say nothing, are refused before a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from sequence_tutor.config.aims import DISTINCT, Aim, is_distinct
from sequence_tutor.config.settings import nearest
from sequence_tutor.domain.rows import RowRange
from sequence_tutor.errors import UserError, shown
from sequence_tutor.tuner.class_counts import MOST_DRAWS, WINDOW


def check_aim(
    aim: Aim, ranges: Mapping[str, RowRange], known: Iterable[str], side: int | None
) -> None:
    """Refuse an aim that nothing could measure or meet.

    Args:
        aim: at one row.
        ranges: row -> what it can be, of all that are measured.
        known: all rows that there are, for the error.
        side: the only one that this row's aims may hold, 1: at least, -1: at most; None: both.

    Raises:
        UserError: saying why.
    """
    if aim.row not in ranges:
        raise UserError(f"aim {aim}: unknown row {shown(aim.row)}: {nearest(aim.row, known)}")
    own = ranges[aim.row]
    is_above = aim.low is not None and aim.low > own.high
    is_below = aim.high is not None and aim.high < own.low
    if is_above or is_below:
        raise UserError(
            f"aim {aim}: {aim.row} is never outside {_range(aim, own)}, so nothing meets it"
        )
    _check_says_something(aim, own)
    not_held = {None: None, 1: aim.high, -1: aim.low}[side]
    if not_held is not None:
        raise UserError(
            f"aim {aim}: expected {'at most' if side == -1 else 'at least'}: no single optimum has "
            f"{'at least' if side == -1 else 'at most'} so much {aim.row}"
        )
    if is_distinct(aim.row) and aim.high is not None:
        raise UserError(f"aim {aim}: expected at least: no single optimum repeats itself so much")
    if is_distinct(aim.row) and aim.row != DISTINCT and (aim.draws or 0) > MOST_DRAWS:
        raise UserError(
            f"aim {aim}: expected of at most {MOST_DRAWS:,}: values are counted among the last "
            f"{WINDOW:,} sequences of the policy"
        )


def _check_says_something(aim: Aim, own: RowRange) -> None:
    """Refuse a bound that every policy keeps, as 70 is where 70 % is meant.

    Half a unit of the last digit may reach beyond the range: "= 100 %" is "99.5 .. 100.5 %".
    """
    width = own.high - own.low
    if not math.isfinite(width):
        return
    below = 0.0 if aim.low is None else own.low - aim.low
    above = 0.0 if aim.high is None else aim.high - own.high
    beyond = max(below, above)
    if beyond >= width or (beyond > 0 and None in (aim.low, aim.high)):
        raise UserError(
            f"aim {aim}: {aim.row} is never outside {_range(aim, own)}, so everything meets "
            f"{'at least' if below > above else 'at most'} that; percentages have a percent sign"
        )
    if aim.within >= width:
        raise UserError(
            f"aim {aim} within {aim.within:g}: {aim.row} is never outside {_range(aim, own)}, so "
            "everything meets it; percentages have a percent sign"
        )


def _range(aim: Aim, own: RowRange) -> str:
    low, high = (aim.bound(end) if math.isfinite(end) else "any" for end in (own.low, own.high))
    return f"{low} .. {high}"
