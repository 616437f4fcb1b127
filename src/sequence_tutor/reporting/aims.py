"""Aims on the page: the curves of their rows and prices, and the price list."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sequence_tutor.drawing.plot import Plot, Series, plot
from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.prices import price_list
from sequence_tutor.reporting.curves import mapping_of, series_of, words_of
from sequence_tutor.storage.run_log import Record


def aim_curves(logs: Mapping[str, Sequence[Record]], first_style: int) -> list[Plot]:
    """Of every bound that runs aimed at, its row with its goal, and its price, against updates.

    Rows that were aimed at in percent are in percent, and their price is for a point. A goal is
    drawn in the style after the last run's. A price that was always 0 is not drawn.
    """
    bounds = dict.fromkeys(
        bound for log in logs.values() for record in log for bound in mapping_of(record, "aims")
    )
    found: list[Plot | None] = []
    for bound in bounds:
        aims = {
            run: [mapping_of(mapping_of(record, "aims"), bound) for record in log]
            for run, log in logs.items()
        }
        share = any(one.get("share") for own in aims.values() for one in own)
        unit = 100.0 if share else 1.0
        values = series_of(logs, aims, "value", first_style)
        goals = series_of(logs, aims, "goal", first_style + len(logs))[:1]
        goals = [replace(goal, label="goal") for goal in goals]
        prices = series_of(logs, aims, "price", first_style)
        found.append(plot(words_of(bound), "updates", _times(unit, [*values, *goals])))
        if any(price for one in prices for price in one.y if math.isfinite(price)):
            title = f"price of {words_of(bound)}, nats a {'point' if share else 'unit'}"
            found.append(plot(title, "updates", _times(1 / unit, prices)))
    return [chart for chart in found if chart is not None]


def _times(unit: float, series: Sequence[Series]) -> list[Series]:
    return [replace(one, y=[unit * number for number in one.y]) for one in series]


def price_table(
    run: str,
    aims: Mapping[str, Mapping[str, object]],
    kl_per_token: float,
    statistics: Mapping[str, Estimate],
) -> Table:
    """The price list of a run in the words of the page, see `price_list`."""
    table = price_list(aims, kl_per_token, statistics).table(run)
    rows = [[_said(cell) for cell in row] for row in table.rows]
    said = _said(table.caption)
    return Table(table.header, rows, said[:1].upper() + said[1:])


def _said(text: str) -> str:
    """Names in words, true minus signs, and no capitals where nothing is to be warned of."""
    words = re.sub(r"-(?=[\d.])", "\N{MINUS SIGN}", words_of(text))
    return "no" if words == "NO" else words
