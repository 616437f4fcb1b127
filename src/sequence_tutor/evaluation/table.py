"""The result of an evaluation, as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.domain import Better
from sequence_tutor.drawing.table import PUBLISHED, Table
from sequence_tutor.estimates import UNDEFINED, Estimate, without_ends
from sequence_tutor.evaluation.figures import cell, figure, is_at_least, label, side_by_side
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.prices import PriceList
from sequence_tutor.evaluation.real import Real
from sequence_tutor.evaluation.seeds import problem_of
from sequence_tutor.evaluation.statistics import is_unpaid
from sequence_tutor.evaluation.terms import directions
from sequence_tutor.reward.weighted import effective_weights
from sequence_tutor.storage.versions import versions


@dataclass(frozen=True)
class Column:
    """The result for one model."""

    model: Model  # the model
    c: float | None  # temperature of the objective, if any
    statistics: Mapping[str, Estimate]  # by name
    mean_length: float  # tokens of a sequence that the policy chose
    prior_temperature: float  # of the objective's prior
    tuned_for: Model  # the same model with the reward that it was tuned with, used in the objective
    prices: PriceList | None = None  # of a run with aims

    @property
    def own_reward(self) -> bool:
        """Whether it is evaluated by the reward with which it was tuned."""
        return self.model is self.tuned_for

    def to_json(self) -> dict[str, Any]:
        """Its entry in the JSON of an evaluation."""
        model = self.model
        names, weights = model.reward.names, model.reward.weights.tolist()
        return {
            "name": model.name,
            "domain": model.domain.name,
            "length": model.length,
            "tune": model.tune.model_dump(mode="json") if model.tune else None,
            "c": self.c,
            "problem": problem_of(model),
            "own_reward": self.own_reward,
            "weights": dict(zip(names, weights, strict=True)),
            "statistics": {name: value.to_json() for name, value in self.statistics.items()},
            **({} if self.prices is None else {"prices": self.prices.to_json()}),
        }


@dataclass(frozen=True)
class Evaluation:
    """Models side by side.

    Attributes:
        columns: one a model.
        samples: sequences of each.
        seed: of the sampling.
        yardstick: name of the model by whose reward all are evaluated.
        real: statistics of real sequences; None: there are none.
    """

    columns: Sequence[Column]
    samples: int
    seed: int
    yardstick: str
    real: Real | None = None

    @property
    def better(self) -> Mapping[str, Better | None]:
        """Statistic -> direction in which the common reward improves it."""
        return directions(self.columns[0].model.reward)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON: the same on every machine for the same models and seed.

        Returns:
            `models`: for each its `name`, its tuning, a hash of its `problem`, see
            `seeds.problem_of`, the `weights` of its reward and its `statistics`, name -> value,
            low, high (95 %, fractions in 0..1, null if undefined), and of a run with aims its
            `prices`, see `PriceList.to_json`;
            `published`: column -> statistic -> value; `real`: `count` and `statistics`
            of real sequences, null if none are known; `samples`, `seed`, `versions`;
            `yardstick`: the `model` whose `reward` judges all; `better`: statistic -> direction
            of improvement, or null.
        """
        return {
            "models": [column.to_json() for column in self.columns],
            "published": {name: dict(rows) for name, rows in self._published.items()},
            "real": None if self.real is None else self.real.to_json(),
            "samples": self.samples,
            "seed": self.seed,
            "yardstick": {"model": self.yardstick, "reward": self._reward},
            "better": dict(self.better),
            "versions": versions(),
        }

    def table(self) -> Table:
        """Every statistic for which some model has a value, with an explanation below.

        Parts of the reward that pay no model anything are left out.
        """
        domain = self.columns[0].model.domain
        rows = []
        real = {} if self.real is None else self.real.statistics
        for name, estimates in side_by_side([column.statistics for column in self.columns]):
            if is_unpaid(name, estimates):
                continue
            unit = figure(name, domain).unit
            cells = [f"{_at_least(name, estimate)}{cell(estimate, unit)}" for estimate in estimates]
            if self.real is not None:
                cells.append(cell(real.get(name, UNDEFINED), unit))
            theirs = (column.get(name, math.nan) for column in self._published.values())
            cells += [cell(without_ends(value), unit) for value in theirs]
            rows.append([label(name, domain), *cells])
        models = [column.model.name for column in self.columns]
        published = [name + PUBLISHED for name in self._published]
        beside = [] if self.real is None else [domain.real]
        return Table(["statistic", *models, *beside, *published], rows, self._caption)

    def price_tables(self) -> list[Table]:
        """The price list of each model that was tuned with aims, under its name."""
        found = [(one.model.name, one.prices) for one in self.columns if one.prices is not None]
        return [prices.table(name) for name, prices in found]

    def _repr_html_(self) -> str:
        return "".join(one.html() for one in (self.table(), *self.price_tables()))

    @property
    def _caption(self) -> str:
        published = "; * as published" if self._published else ""
        if self.real is not None:
            real = self.columns[0].model.domain.real
            published += f"; {real}: {self.real.count:,}, in the same statistics"
        others = ", ".join(column.model.name for column in self.columns if not column.own_reward)
        foreign = (
            f"; objective, log z and gap of {others} are those of another reward, used in tuning"
            if others
            else ""
        )
        return (
            f"{self.samples:,} sequences of each model, seed {self.seed}; ± to the farther end of "
            f"the 95 % interval{published}; all are judged by the reward of {self.yardstick}, "
            f"{self._reward}, whose parts are shown with their weights{foreign}"
        )

    @property
    def _reward(self) -> str:
        """The effective weights of the reward by which all are evaluated."""
        return effective_weights(self.columns[0].model.reward).removeprefix("reward: ")

    @property
    def _published(self) -> Mapping[str, Mapping[str, float]]:
        return self.columns[0].model.domain.published


def _at_least(name: str, estimate: Estimate) -> str:
    return "" if math.isfinite(estimate.reach) or not is_at_least(name, estimate.value) else "≥ "
