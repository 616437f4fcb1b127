"""Rows that can have an aim: their ranges, and their values for a prior and real sequences."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.aims import DRAWS_OF_PROPERTY
from sequence_tutor.config.settings import nearest
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.domain.rows import RowRange
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import UNDEFINED, Estimate, finite_or_none, mean_of
from sequence_tutor.evaluation.figures import cell
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.statistics import GeneralStatistics, check_samples
from sequence_tutor.objectives.distinct import distinct_of_counts
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import measure
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.class_counts import codes_of

GENERAL = {
    "distinct": RowRange(0.0, 1.0, "share"),
    "entropy_per_token": RowRange(low=0.0, kind="ratio"),
    "log_prior_per_token": RowRange(high=0.0, kind="ratio"),
    "kl_to_prior_per_token": RowRange(low=0.0, kind="ratio"),
}
"""Rows of every domain that are measured from a policy instead of counted in its sequences."""

ROUNDING = 1e-9
"""Tolerance of floating point when rounding, in units of the last digit."""

DIGITS = 2
"""Significant digits of half the interval from which an aim is read off."""


@dataclass(frozen=True)
class ListedRow:
    """One row that can have an aim.

    Attributes:
        name: of the row.
        range: its possible values.
        prior: its value under the prior.
        real: its value over real sequences; undefined if none were given.
    """

    name: str
    range: RowRange
    prior: Estimate
    real: Estimate = UNDEFINED

    @property
    def unit(self) -> int:
        """Factor of its values in tables: 100 for shares."""
        return 100 if self.range.is_share else 1

    @property
    def wanted(self) -> str:
        """An aim for the real value, as wide as its 95 % interval; empty: there is none.

        It is rounded outwards to two digits of its width; an end at the end of the range is left
        out. If all real sequences have the same value there is no interval, and so no aim.
        """
        ends = self.real.low, self.real.high
        if not all(map(math.isfinite, ends)) or ends[0] == ends[1]:
            return ""
        low, high = self.unit * self.real.low, self.unit * self.real.high
        least, most = self.unit * self.range.low, self.unit * self.range.high
        places = DIGITS - 1 - math.floor(math.log10(max((high - low) / 2, 1e-12)))
        step = 10.0**-places
        low = math.floor(low / step + ROUNDING) * step
        high = math.ceil(high / step - ROUNDING) * step
        percent = " %" if self.range.is_share else ""
        shown = [f"{end:.{max(places, 0)}f}" for end in (low, high)]
        if low <= least and high >= most:
            return ""
        if high >= most:
            return f">= {shown[0]}{percent}"
        if low <= least:
            return f"<= {shown[1]}{percent}"
        return f"{shown[0]} .. {shown[1]}{percent}"

    @property
    def distance(self) -> float:
        """Distance of the prior's value from the real one, in half widths of the real interval."""
        reach = self.real.reach
        return abs(self.prior.value - self.real.value) / reach if reach > 0 else math.nan

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "row": self.name,
            "low": finite_or_none(self.range.low),
            "high": finite_or_none(self.range.high),
            "share": self.range.is_share,
            "prior": self.prior.to_json(),
            "real": self.real.to_json(),
            "aim": self.wanted or None,
        }


def rows_of(
    model: Model,
    samples: int,
    seed: int = 0,
    names: Collection[str] | None = None,
    real: SequenceBatch | None = None,
) -> list[ListedRow]:
    """Every row of a prior, or those of some names.

    Args:
        model: a prior with the reward whose terms are rows.
        samples: sequences that its values are estimated from.
        seed: of the sampling.
        names: of the rows; None: those of the tables.
        real: real sequences, whose values are added.

    Raises:
        UserError: there is no row of such a name, or too few samples.
    """
    check_samples(samples)
    domain, settings = model.framed_domain, model.reward_settings
    rows = domain.rows(settings, model.reward, names)
    ranges = {name: one for name, one in rows.ranges().items() if _is_in(name, names)}
    properties = {
        name: own
        for name, own in domain.properties(len(model.prefix)).items()
        if _is_in(name, names)
    }
    ranges |= dict.fromkeys(properties, GENERAL["distinct"])
    if names is not None:
        every = (*domain.rows(settings, model.reward).ranges(), *properties, *GENERAL)
        for name in names:
            if name not in ranges and name not in GENERAL:
                raise UserError(f"there is no row {name!r}: {nearest(name, every)}")
    counted = {name: one for name, one in ranges.items() if name not in properties}
    gathered, codes = RowStatistics(counted), {name: list[Tensor]() for name in properties}
    reward = model.reward
    general = GeneralStatistics(reward.names, reward.weights)
    for measured in measure(model.policy, model.task, samples, named_generator(seed, "rows")):
        gathered.add(rows.count(measured.batch, measured.terms))
        general.update(measured)
        for name, own in properties.items():
            codes[name].append(codes_of(own(measured.batch)))
    found = {**general.result(), **gathered.result()}
    found |= {name: distinct_values(torch.cat(own)) for name, own in codes.items()}
    beside: dict[str, Estimate] = {}
    if real is not None:
        of_real = RowStatistics(counted)
        of_real.add(rows.count(real))
        beside = of_real.result()
        beside |= {name: distinct_values(codes_of(own(real))) for name, own in properties.items()}
    chosen = {**ranges, **{name: one for name, one in GENERAL.items() if _is_in(name, names)}}
    return [
        ListedRow(name, one, found[name], beside.get(name, UNDEFINED))
        for name, one in chosen.items()
    ]


def distinct_values(codes: Tensor) -> Estimate:
    """The share of distinct values among `DRAWS_OF_PROPERTY` sequences.

    Args:
        codes: (B,) of the values of sequences, see `codes_of`; fewer than that: undefined.
    """
    if len(codes) < DRAWS_OF_PROPERTY:
        return UNDEFINED
    _, places, counts = codes.unique(return_inverse=True, return_counts=True)
    shares = distinct_of_counts(counts[places] - 1, len(codes) - 1, DRAWS_OF_PROPERTY)
    return mean_of(shares)


def rows_table(rows: Sequence[ListedRow]) -> Table:
    """Row, range and the prior's value."""
    cells = [[one.name, _shown(one), cell(one.prior, one.unit)] for one in rows]
    caption = "shares in percent; ± to the farther end of the 95 % interval"
    return Table(["row", "range", "prior"], cells, caption)


def aims_table(rows: Sequence[ListedRow], real: str) -> Table:
    """The values of real sequences, the prior's distance from them, and the aims."""
    cells = [
        [
            one.name,
            cell(one.real, one.unit),
            cell(one.prior, one.unit),
            f"{one.distance:.1f}" if math.isfinite(one.distance) else "",
            one.wanted,
        ]
        for one in rows
    ]
    caption = (
        "apart: in half widths of the real ones' 95 % interval; above 1 the aim asks something"
    )
    return Table(["row", real, "prior", "apart", "aim"], cells, caption)


def aims_of(rows: Sequence[ListedRow]) -> dict[str, str]:
    """Row -> the aim for the real value, of those that have one."""
    return {one.name: one.wanted for one in rows if one.wanted}


def _is_in(name: str, names: Collection[str] | None) -> bool:
    return names is None or name in names


def _shown(row: ListedRow) -> str:
    low, high = row.unit * row.range.low, row.unit * row.range.high
    percent = " %" if row.range.is_share else ""
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"from {low:g}"
    if math.isinf(low):
        return f"up to {high:g}"
    return f"{low:g} to {high:g}{percent}"
