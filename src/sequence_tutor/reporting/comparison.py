"""The table of an evaluation, with a verdict on each figure against the prior's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sequence_tutor.domain import Better, Domain
from sequence_tutor.estimates import UNDEFINED, Estimate, difference
from sequence_tutor.evaluation.aimed_reward import TERM
from sequence_tutor.evaluation.figures import (
    decimals,
    figure,
    is_at_least,
    label,
    side_by_side,
)
from sequence_tutor.evaluation.statistics import OPTIMALITY, is_unpaid
from sequence_tutor.reporting.grouping import TITLES, Group, group_of, is_all_of_it
from sequence_tutor.reporting.saved_table import SavedModel, SavedTable

Verdict = Literal["better", "worse", "even", ""]
"""Against the prior; empty if there is none, or no verdict."""


@dataclass(frozen=True)
class Cell:
    """A figure of one model in the row's unit, `low to high` or empty, and the verdict."""

    value: str
    interval: str = ""
    verdict: Verdict = ""


@dataclass(frozen=True)
class JudgedRow:
    """One statistic of all models, then the published values."""

    label: str
    aim: str
    cells: Sequence[Cell]
    published: Sequence[str]
    real: str = ""  # the value over real sequences
    group: Group = "like"


@dataclass(frozen=True)
class JudgedTable:
    """The table as it is shown."""

    models: Sequence[str]  # names, first the prior's if there is one
    published: Sequence[str]  # names of the published columns
    rows: Sequence[JudgedRow]  # one a statistic
    samples: int  # of the evaluation
    seed: int
    yardstick: str = ""  # a sentence about the reward that judges all
    real: str = ""  # what the column of real sequences is called; empty: there is none

    def grouped(self, things: str, *, theory: bool) -> list[tuple[str, Sequence[JudgedRow]]]:
        """Titles of groups and their rows; `things` is the sequences' noun.

        Without `theory` those that anybody can follow, otherwise the other one.
        """
        found: list[tuple[str, Sequence[JudgedRow]]] = []
        for groups, title in TITLES.items():
            rows = [row for row in self.rows if row.group in groups]
            if rows and theory == ("theory" in groups):
                found.append((title.format(things), rows))
        return found

    @property
    def counted(self) -> Sequence[JudgedRow]:
        """Rows with a preferred direction, without what others are computed from or imply."""
        return [row for row in self.rows if row.aim and row.group not in ("part", "theory")]

    def labels(self, verdict: Verdict, model: int) -> list[str]:
        """The counted statistics of which a model has this verdict."""
        return [row.label for row in self.counted if row.cells[model].verdict == verdict]


def compare(table: SavedTable, domain: Domain) -> JudgedTable:
    """Every row that some model has a figure for, with verdicts if there is one prior."""
    priors = [model for model in table.models if model.tune is None]
    prior = priors[0] if len(priors) == 1 else None
    return JudgedTable(
        [model.name for model in table.models],
        list(table.published),
        list(_rows(table, prior, domain)),
        table.samples,
        table.seed,
        _judged_by(table),
        f"{table.real.count:,} {domain.real}" if table.real else "",
    )


def _judged_by(table: SavedTable) -> str:
    """The reward that judges all, and which models were tuned with another one."""
    if table.yardstick is None:
        return "Each model is judged by its own reward; if rewards differ, nothing is marked."
    judge = table.yardstick.model
    said = f"All are judged by the reward of {judge}"
    if any(model.name == judge and [*model.weights] == [TERM] for model in table.models):
        said += ", which pays what its aims ask for."
    else:
        said += (
            f": {table.yardstick.reward}. Its parts are shown with their weights, so that they "
            "add up."
        )
    others = [model.name for model in table.models if not model.own_reward]
    if not others:
        return said
    return (
        f"{said} Objective, log z and gap of {', '.join(others)} are those of another reward, "
        "the one they were tuned with, and are not marked."
    )


def _are_comparable(name: str, one: SavedModel, other: SavedModel) -> bool:
    """Whether a statistic means the same of both: same reward, c and prior temperature."""
    if name.startswith("reward_"):
        return one.weights == other.weights
    if name in (*OPTIMALITY, "log_z_smc"):
        same = (one.weights, one.c) == (other.weights, other.c)
        return same and one.own_reward and other.own_reward
    return True


def verdict(better: Better | None, prior: Estimate, tuned: Estimate) -> Verdict:
    """Whether a figure improved: whether the 95 % interval of the difference excludes 0.

    The samples are taken as independent.
    """
    if better is None:
        return ""
    if better == "nearer 0":
        prior, tuned = _size(prior), _size(tuned)
    ends = (prior.low, prior.high, tuned.low, tuned.high)
    if not all(map(math.isfinite, ends)):
        return ""
    change = difference(tuned, prior)
    if change.low <= 0 <= change.high:
        return "even"
    return "better" if (change.value > 0) == (better == "higher") else "worse"


def _size(estimate: Estimate) -> Estimate:
    """The absolute value."""
    ends = abs(estimate.low), abs(estimate.high)
    nearest = 0.0 if estimate.low <= 0 <= estimate.high else min(ends)
    return Estimate(abs(estimate.value), nearest, max(ends))


def _rows(table: SavedTable, prior: SavedModel | None, domain: Domain) -> Iterator[JudgedRow]:
    every = [
        {name: saved.estimate for name, saved in model.statistics.items()} for model in table.models
    ]
    for name, found in side_by_side(every):
        if is_unpaid(name, found) or is_all_of_it(name, every):
            continue
        shown = figure(name, domain)
        better = table.better.get(name, shown.better)
        aim = better or _aim_of_part(name, table)
        beside = _of(prior, name)  # undefined without a prior
        cells = [
            _cell(
                one,
                shown.unit,
                verdict(aim, beside, one)
                if prior not in (None, model) and _are_comparable(name, prior, model)
                else "",
                at_least=is_at_least(name, one.value),
            )
            for one, model in zip(found, table.models, strict=True)
        ]
        columns = table.published.values()
        theirs = [_text(shown.unit * rows[name]) if name in rows else "" for rows in columns]
        real = table.real.statistics.get(name) if table.real else None
        told = "" if real is None or real.value is None else _text(shown.unit * real.value)
        yield JudgedRow(label(name, domain), aim or "", cells, theirs, told, group_of(name, domain))


def _of(model: SavedModel | None, name: str) -> Estimate:
    saved = model.statistics.get(name) if model else None
    return saved.estimate if saved else UNDEFINED


def _aim_of_part(name: str, table: SavedTable) -> Better | None:
    """Upwards for a part of the reward; in older tables only if its weight is positive."""
    rule = name.removeprefix("reward_")
    weights = [model.weights.get(rule, 0.0) for model in table.models]
    if rule == name or not all(weights):
        return None
    return "higher" if table.yardstick is not None or min(weights) > 0 else None


def _cell(estimate: Estimate, unit: int, verdict: Verdict, *, at_least: bool = False) -> Cell:
    value = unit * estimate.value
    if math.isnan(value):
        return Cell("")
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return Cell(f"\N{GREATER-THAN OR EQUAL TO} {_text(value)}" if at_least else _text(value))
    places = decimals(value)
    low, high = (_text(unit * end, places) for end in (estimate.low, estimate.high))
    return Cell(_text(value), f"{low} to {high}", verdict)


def _text(value: float, places: int | None = None) -> str:
    """With a true minus sign, and none before a zero."""
    text = f"{value:,.{decimals(value) if places is None else places}f}"
    return text.replace("-", "\N{MINUS SIGN}" if float(text.replace(",", "")) else "")
