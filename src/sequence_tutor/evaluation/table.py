"""An evaluation as a table: on a terminal, in a notebook, in Markdown, in JSON."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import Any

from rich.table import Table

from sequence_tutor.estimates import UNDEFINED, Estimate
from sequence_tutor.evaluation.evaluate import Column, Evaluation
from sequence_tutor.evaluation.statistics import SHARES, is_at_least
from sequence_tutor.html_tables import html_table
from sequence_tutor.markdown_tables import markdown_table, markdown_text
from sequence_tutor.reward.description import effective_weights
from sequence_tutor.versions import versions

Row = tuple[str, list[str]]
"""The label of a row and its cells."""


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain JSON: the same on every machine for the same models and seed.

    Returns:
        `models`: for each its `name`, how it was tuned, the `weights` of its rewards and its
        `statistics`, name -> value, low, high (95 %, fractions in 0..1, null where undefined);
        `published`: column -> statistic -> value; `samples`, `seed`, `versions`. `yardstick`: the
        `model` by whose `reward` all are judged; `better`: statistic -> which way it improves by
        that reward, null for neither way.
    """
    return {
        "models": [_model_json(column) for column in evaluation.columns],
        "published": {name: dict(rows) for name, rows in _published(evaluation).items()},
        "samples": evaluation.samples,
        "seed": evaluation.seed,
        "yardstick": {"model": evaluation.yardstick, "reward": _reward(evaluation)},
        "better": dict(evaluation.better),
        "versions": versions(),
    }


def as_markdown(evaluation: Evaluation) -> str:
    """A table in Markdown with a line of explanation below it."""
    header = ["statistic", *_headers(evaluation)]
    rows = ([label, *cells] for label, cells in _rows(evaluation))
    return f"{markdown_table(header, rows)}\n\n{markdown_text(_caption(evaluation))}\n"


def as_rich(evaluation: Evaluation) -> Table:
    """A table for a terminal."""
    table = Table(caption=_caption(evaluation), caption_justify="left")
    table.add_column("statistic", no_wrap=True)
    ours = len(evaluation.columns)
    for place, header in enumerate(_headers(evaluation)):
        style = None if place < ours else "dim"
        table.add_column(header, justify="right", style=style, no_wrap=True)
    for label, cells in _rows(evaluation):
        table.add_row(label, *cells)
    return table


def as_html(evaluation: Evaluation) -> str:
    """A table for a notebook with a line of explanation below it."""
    table = html_table(["statistic", *_headers(evaluation)], _rows(evaluation))
    return f"{table}<p>{escape(_caption(evaluation))}</p>"


def _caption(evaluation: Evaluation) -> str:
    published = "; * as published" if _published(evaluation) else ""
    return (
        f"{evaluation.samples:,} sequences of each model, seed {evaluation.seed}; ± to the farther "
        f"end of the 95 % interval{published}; all are judged by the reward of "
        f"{evaluation.yardstick}, {_reward(evaluation)}, whose parts are shown with their weights"
        f"{_foreign(evaluation)}"
    )


def _reward(evaluation: Evaluation) -> str:
    """The effective weights of the one reward that all are judged by."""
    return effective_weights(evaluation.columns[0].model.reward).removeprefix("reward: ")


def _foreign(evaluation: Evaluation) -> str:
    """A sentence about models that were tuned toward something else."""
    names = [column.model.name for column in evaluation.columns if not column.own_reward]
    if not names:
        return ""
    return (
        f"; objective, log z and gap of {', '.join(names)} are those of another reward, their own"
    )


def _headers(evaluation: Evaluation) -> list[str]:
    return [
        *(column.model.name for column in evaluation.columns),
        *(f"{name} *" for name in _published(evaluation)),
    ]


def _rows(evaluation: Evaluation) -> Iterator[Row]:
    """Every row that some column has a value for."""
    domain = evaluation.columns[0].model.domain
    shares = domain.shares | SHARES
    names = dict.fromkeys(name for column in evaluation.columns for name in column.statistics)
    for name in names:
        estimates = [column.statistics.get(name, UNDEFINED) for column in evaluation.columns]
        if all(math.isnan(estimate.value) for estimate in estimates):
            continue
        unit = 100 if name in shares else 1
        cells = [
            _cell(estimate, unit, at_least=is_at_least(name, estimate.value))
            for estimate in estimates
        ]
        for rows in _published(evaluation).values():
            value = rows.get(name, math.nan)
            cells.append(_cell(Estimate(value, -math.inf, math.inf), unit))
        yield label(name, shares, domain.shares_of), cells


def _cell(estimate: Estimate, unit: int, *, at_least: bool = False) -> str:
    """The value with about three digits that count, and as many of its interval's reach."""
    value = unit * estimate.value
    if math.isnan(value):
        return ""
    reach = unit * max(estimate.high - estimate.value, estimate.value - estimate.low)
    places = decimals(value)
    text = f"{value:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    if math.isfinite(reach):
        return f"{text} ±{reach:.{places}f}"
    return f"≥ {text}" if at_least else text


def label(name: str, shares: Collection[str], of: Mapping[str, str]) -> str:
    """How a table calls a statistic; fractions are shown in percent.

    Args:
        name: of the statistic.
        shares: names of fractions.
        of: what a fraction is one of, where its name says something else.
    """
    said = f" of {of[name]}" if name in of else ""
    return name.replace("_", " ") + (f" %{said}" if name in shares else "")


def decimals(value: float) -> int:
    """As many as leave about three digits that count."""
    size = abs(value)
    return 1 if size >= 100 else 2 if size >= 10 else 3


def _published(evaluation: Evaluation) -> Mapping[str, Mapping[str, float]]:
    return evaluation.columns[0].model.domain.published


def _model_json(column: Column) -> dict[str, Any]:
    model = column.model
    names, weights = model.reward.names, model.reward.weights.tolist()
    return {
        "name": model.name,
        "domain": model.domain.name,
        "length": model.length,
        "tune": model.tune.model_dump(mode="json") if model.tune else None,
        "c": column.c,
        "own_reward": column.own_reward,
        "weights": dict(zip(names, weights, strict=True)),
        "statistics": {name: value.to_json() for name, value in column.statistics.items()},
    }
