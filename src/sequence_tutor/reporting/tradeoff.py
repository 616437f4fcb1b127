"""Reward against divergence: what every model gained, and at what price."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from sequence_tutor.drawing.plot import Plot, Series, plot
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.figures import FIGURES
from sequence_tutor.reporting.saved_table import SavedTable
from sequence_tutor.workbench.frontier import Point

REWARD, DIVERGENCE = "reward_per_sequence", "kl_to_prior_per_token"


class SavedFrontier(BaseModel):
    """The part of `frontier.json` that is drawn."""

    points: list[Point]


def tradeoff(
    table: SavedTable, frontier: Sequence[Point] = (), first_style: int = 0
) -> Plot | None:
    """One point a model, and a line for each kind of frontier point.

    None if there are fewer than two points. `first_style` is the style of the first line.
    """
    series = [*_lines(frontier, first_style), *_points(table)]
    points = (point for one in series for point in zip(one.x, one.y, strict=True))
    if sum(all(map(math.isfinite, point)) for point in points) < 2:
        return None
    return plot(FIGURES[REWARD].title, FIGURES[DIVERGENCE].title, series, dots=True)


def read_frontier(path: Path) -> list[Point]:
    """The points of a file that `frontier` wrote.

    Raises:
        UserError: it cannot be read, or is something else.
    """
    try:
        return SavedFrontier.model_validate_json(path.read_bytes()).points
    except ValidationError as error:
        raise UserError(
            f"{path}: no frontier, expected the frontier.json that `frontier` writes "
            f"({error.errors()[0]['msg']})"
        ) from error


def _lines(frontier: Sequence[Point], first_style: int) -> Iterator[Series]:
    for place, kind in enumerate(dict.fromkeys(point.kind for point in frontier)):
        own = [point for point in frontier if point.kind == kind]
        own.sort(key=lambda point: point.kl_to_prior_per_token)
        x = [point.kl_to_prior_per_token for point in own]
        y = [point.reward_per_sequence for point in own]
        yield Series(f"frontier: {kind}", first_style + place, x, y)


def _points(table: SavedTable) -> Iterator[Series]:
    for place, model in enumerate(table.models):
        if REWARD in model.statistics and DIVERGENCE in model.statistics:
            reward = model.statistics[REWARD].estimate
            divergence = model.statistics[DIVERGENCE].estimate.value
            yield Series(
                model.name, place, [divergence], [reward.value], [reward.low], [reward.high]
            )
