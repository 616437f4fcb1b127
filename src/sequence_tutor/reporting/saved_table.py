"""The JSON of an evaluation, as far as the report needs it."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from sequence_tutor.domain import Better
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import UNDEFINED, Estimate


class SavedEstimate(BaseModel):
    """A figure as JSON, null if undefined or unbounded."""

    value: float | None
    low: float | None
    high: float | None

    @property
    def estimate(self) -> Estimate:
        """With NaN and infinity."""
        if self.value is None:
            return UNDEFINED
        low = -math.inf if self.low is None else self.low
        return Estimate(self.value, low, math.inf if self.high is None else self.high)


class SavedModel(BaseModel):
    """One column; `tune` is None for a prior."""

    name: str
    domain: str
    tune: dict[str, object] | None
    c: float | None = None
    length: int | None = None
    problem: str | None = None
    weights: dict[str, float]
    own_reward: bool = True
    statistics: dict[str, SavedEstimate]


class SavedYardstick(BaseModel):
    """The model whose reward judges all, and that reward."""

    model: str
    reward: str


class SavedReal(BaseModel):
    """What is known of real sequences."""

    count: int
    statistics: dict[str, SavedEstimate]


class SavedTable(BaseModel):
    """What `Evaluation.to_json` writes, as far as the report needs it."""

    models: list[SavedModel]
    published: dict[str, dict[str, float]]
    samples: int
    seed: int
    real: SavedReal | None = None
    yardstick: SavedYardstick | None = None  # in older tables each model has its own reward
    better: dict[str, Better | None] = Field(default_factory=dict)


def read_table(path: Path) -> SavedTable:
    """An evaluation that was saved with `--json`.

    Raises:
        UserError: it cannot be read, or is something else.
    """
    try:
        table = SavedTable.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(
            f"{path}: no table of this program, expected what `evaluate --json` writes "
            f"({error.errors()[0]['msg']})"
        ) from error
    if not table.models:
        raise UserError(f"{path}: no model in it, expected at least one")
    return table
