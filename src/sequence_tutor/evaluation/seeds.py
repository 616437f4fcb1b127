"""Runs that differ only in their training seed: how a figure varies between them.

The interval of one trained model covers only its sampling. Between training seeds a figure may vary
ten or a hundred times as much.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.domain import Domain
from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import Estimate, mean_of
from sequence_tutor.evaluation.figures import cell, decimals, figure, label
from sequence_tutor.evaluation.model import Model


@dataclass(frozen=True)
class Spread:
    """A figure over seeds."""

    mean: Estimate  # with Student's interval over seeds
    lowest: float  # of the seeds; likewise `highest`
    highest: float

    def to_json(self) -> dict[str, float | None]:
        """Plain JSON."""
        return {**self.mean.to_json(), "lowest": self.lowest, "highest": self.highest}


@dataclass(frozen=True)
class SeedGroup:
    """Runs with the same settings."""

    name: str  # of the first
    seeds: Sequence[int]  # of training, in the order of the table
    statistics: Mapping[str, Spread]  # name -> spread, of those that every run has

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        found = {name: spread.to_json() for name, spread in self.statistics.items()}
        return {"name": self.name, "seeds": list(self.seeds), "statistics": found}


def problem_of(model: Model) -> str:
    """A hash of what a run was to learn: its prior, its reward's constants, what it may write."""
    reward = model.reward_settings.model_dump(mode="json")
    facts = [model.stored.digest, reward, model.prefix, model.only]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def between_seeds(models: Sequence[Mapping[str, Any]]) -> list[SeedGroup]:
    """The groups of two or more seeds; `models` as in `Evaluation.to_json`."""
    groups: dict[str, dict[int, Mapping[str, Any]]] = {}
    for model in models:
        if model["tune"] is not None:  # a run that is named twice, or copied, is still one
            groups.setdefault(_setting(model), {}).setdefault(_seed(model), model)
    return [_group(list(group.values())) for group in groups.values() if len(group) > 1]


def seeds_table(groups: Sequence[SeedGroup], domain: Domain) -> Table:
    """One row a statistic, a cell for each group: mean ± interval, lowest to highest."""
    names = dict.fromkeys(name for group in groups for name in group.statistics)
    header = [f"{group.name} (seeds {', '.join(map(str, group.seeds))})" for group in groups]
    rows = [
        [
            label(name, domain),
            *(_cell(group.statistics.get(name), figure(name, domain).unit) for group in groups),
        ]
        for name in names
    ]
    return Table(["statistic", *header], rows, CAPTION)


CAPTION = (
    "Mean over training seeds ± the reach of Student's 95 % interval between them; in brackets the "
    "lowest and the highest seed"
)


def _setting(model: Mapping[str, Any]) -> str:
    """Everything but the seed that determines a run; a c found by `target_kl` does not."""
    left_out = {"seed"} | ({"c"} if model["tune"].get("target_kl") is not None else set())
    tune = {name: value for name, value in model["tune"].items() if name not in left_out}
    names = ("domain", "weights", "length", "problem")  # an older table lacks the last ones
    kept = [tune, *(model.get(name) for name in names)]
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
    return Spread(mean_of(found), min(found), max(found))


def _cell(spread: Spread | None, unit: int) -> str:
    if spread is None:
        return ""
    places = decimals(unit * spread.mean.value)
    ends = (f"{unit * end:,.{places}f}" for end in (spread.lowest, spread.highest))
    return f"{cell(spread.mean, unit)} ({' to '.join(ends)})"
