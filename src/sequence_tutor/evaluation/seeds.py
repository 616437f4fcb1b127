"""Runs that differ in their training seed alone: how far a figure scatters from run to run.

The interval of one trained model is that of sampling it. Between models that were trained with
other seeds a figure may scatter ten times as far, or a hundred.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sequence_tutor.estimates import Estimate, Mean
from sequence_tutor.evaluation.table import decimals, label
from sequence_tutor.markdown_tables import markdown_table


@dataclass(frozen=True)
class Spread:
    """A figure over seeds.

    Attributes:
        mean: with Student's interval, seeds as the independent items.
        lowest: of the seeds; likewise `highest`.
    """

    mean: Estimate
    lowest: float
    highest: float

    def to_json(self) -> dict[str, float | None]:
        """Plain JSON."""
        return {**self.mean.to_json(), "lowest": self.lowest, "highest": self.highest}


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one setting.

    Attributes:
        name: of the first.
        seeds: of their training, in the order of the table.
        statistics: name -> spread, of those that every run has.
    """

    name: str
    seeds: Sequence[int]
    statistics: Mapping[str, Spread]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        found = {name: spread.to_json() for name, spread in self.statistics.items()}
        return {"name": self.name, "seeds": list(self.seeds), "statistics": found}


def between_seeds(models: Sequence[Mapping[str, Any]]) -> list[SeedGroup]:
    """The groups of two seeds and more.

    Args:
        models: as `evaluation.table.as_json` has them (JSON, hence `Any`).
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for model in models:
        if model["tune"] is not None:
            groups.setdefault(_setting(model), []).append(model)
    several = (group for group in groups.values() if len({_seed(one) for one in group}) > 1)
    return [_group(group) for group in several]


def seed_rows(
    groups: Sequence[SeedGroup], shares: frozenset[str], of: Mapping[str, str]
) -> list[list[str]]:
    """A header and one line a statistic, a cell for each group: mean ± interval, lowest to highest.

    Args:
        groups: at least one.
        shares: statistics that are fractions.
        of: what a fraction is one of, where its name says something else.
    """
    names = dict.fromkeys(name for group in groups for name in group.statistics)
    header = [f"{group.name} (seeds {', '.join(map(str, group.seeds))})" for group in groups]
    return [
        ["statistic", *header],
        *(
            [
                label(name, shares, of),
                *(
                    _cell(group.statistics.get(name), 100 if name in shares else 1)
                    for group in groups
                ),
            ]
            for name in names
        ),
    ]


def seeds_markdown(rows: Sequence[Sequence[str]]) -> str:
    """The table in Markdown with a line of explanation below it."""
    return f"{markdown_table(rows[0], rows[1:])}\n\n{CAPTION}\n"


CAPTION = (
    "Mean over training seeds ± the reach of Student's 95 % interval between them; in brackets the "
    "lowest and the highest seed"
)


def _setting(model: Mapping[str, Any]) -> str:
    """Everything that decides a run but its seed; the c that `target_kl` found is no setting."""
    left_out = {"seed"} | ({"c"} if model["tune"].get("target_kl") is not None else set())
    tune = {name: value for name, value in model["tune"].items() if name not in left_out}
    kept = [tune, model["domain"], model["weights"], model.get("length")]
    return json.dumps(kept, sort_keys=True)


def _seed(model: Mapping[str, Any]) -> int:
    return int(model["tune"]["seed"])


def _group(models: Sequence[Mapping[str, Any]]) -> SeedGroup:
    first, *others = (model["statistics"] for model in models)
    shared = [name for name in first if all(name in other for other in others)]
    spreads = {
        name: _spread([one["statistics"][name]["value"] for one in models]) for name in shared
    }
    known = {name: spread for name, spread in spreads.items() if spread is not None}
    return SeedGroup(models[0]["name"], [_seed(model) for model in models], known)


def _spread(values: Sequence[float | None]) -> Spread | None:
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return None
    mean = Mean()
    mean.update(torch.tensor(found, dtype=torch.float64))
    return Spread(mean.estimate(), min(found), max(found))


def _cell(spread: Spread | None, unit: int) -> str:
    if spread is None or math.isnan(spread.mean.value):
        return ""
    value = unit * spread.mean.value
    places = decimals(value)
    reach = unit * (spread.mean.high - spread.mean.value)
    ends = (f"{unit * end:,.{places}f}" for end in (spread.lowest, spread.highest))
    return f"{value:,.{places}f} ±{reach:,.{places}f} ({' to '.join(ends)})"
