"""Reward against the divergence it costs: points, the best of them, the exact curve, a picture."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from sequence_tutor.drawing.figures import GRID, INK, PALETTE, new_figure, save_png, tidy
from sequence_tutor.drawing.table import Table, value_text
from sequence_tutor.evaluation.exact_optimum import (
    enumerable_space,
    exact_log_prior,
    exact_optimum,
    exact_rewards,
)
from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.exact.space import cut_at_end
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.files import write_text
from sequence_tutor.workbench.baselines import FEWEST_GROUPS, Pool, best_of, best_of_kl, mean_length

EXACT_POINTS = 40
CROWDED = (40, 15)  # pixels across and up between two points whose names would overlap


@dataclass(frozen=True)
class Point:
    """Reward and divergence of one policy; None where something is not defined.

    Attributes:
        kind: tuned, prior, rl-only, best-of-n or exact.
        kl_to_prior_per_token: in nats; exact at every visited state, for best of n the bound.
        reward_per_sequence: undivided by c.
        c: temperature.
        n: of best of n.
        seed: of the run.
        objective_per_sequence: at its own c; likewise `log_z_bound`.
        distinct: share of distinct sequences.
        scored_sequences: scored to learn from at this c, beyond those of earlier c.
        seconds: of computation.
        on_front: whether no other measured point has both more reward and less divergence.
    """

    kind: str
    kl_to_prior_per_token: float
    reward_per_sequence: float
    c: float | None = None
    n: int | None = None
    seed: int | None = None
    objective_per_sequence: float | None = None
    log_z_bound: float | None = None
    distinct: float | None = None
    scored_sequences: int | None = None
    seconds: float | None = None
    on_front: bool = False


def is_on_front(point: Point, points: Sequence[Point]) -> bool:
    """Whether nothing has at least its reward for at most its divergence, and differs."""
    place = (point.kl_to_prior_per_token, point.reward_per_sequence)
    return not any(
        other.kl_to_prior_per_token <= place[0]
        and other.reward_per_sequence >= place[1]
        and (other.kl_to_prior_per_token, other.reward_per_sequence) != place
        for other in points
    )


def front_table(points: Sequence[Point]) -> Table:
    """The points on the front by divergence, for a notebook."""
    front = [point for point in points if point.on_front]
    front.sort(key=lambda point: point.kl_to_prior_per_token)
    rows = []
    for point in front:
        kl, reward = f"{point.kl_to_prior_per_token:.3f}", f"{point.reward_per_sequence:.4g}"
        c = "" if point.c is None else f"{point.c:g}"
        rows.append([point.kind, c, value_text(point.n), kl, reward])
    return Table(["policy", "c", "n", "KL to the prior, nats a token", "reward a sequence"], rows)


def points_table(points: Sequence[Point]) -> Table:
    """Every point but those of the exact optimum."""
    header = ["", "c", "n", "KL a token", "reward", "distinct", "scored", "seconds", "front"]
    rows = []
    for point in points:
        if point.kind != "exact":
            cells = (
                *(point.c, point.n, point.kl_to_prior_per_token, point.reward_per_sequence),
                *(point.distinct, point.scored_sequences, point.seconds),
            )
            shown = ("" if number is None else f"{number:.5g}" for number in cells)
            rows.append([point.kind, *shown, "*" if point.on_front else ""])
    return Table(header, rows)


def best_of_points(pool: Pool) -> list[Point]:
    """Best of 2, 4, 8 ... sequences of the prior, at the bound of their divergence."""
    points, n = [], 2
    while len(pool) // n >= FEWEST_GROUPS:
        rows = best_of(pool.reward, n)
        kl = best_of_kl(n) / mean_length(pool, rows)
        points.append(Point("best-of-n", kl, float(pool.reward[rows].mean()), n=n))
        n *= 2
    return points


def exact_points(task: Task, lowest: float, highest: float) -> list[Point]:
    """The optimum at every c between two, where the space can be enumerated; else nothing."""
    space = enumerable_space(task)
    if space is None:
        return []
    reward, log_prior = exact_rewards(task, space), exact_log_prior(task, space)
    tokens = enumerate_sequences(space.vocab_size, space.length).tokens
    lengths = cut_at_end(tokens, space.end_token).lengths.double()
    points = []
    for c in np.geomspace(lowest, highest, EXACT_POINTS).tolist():
        log_optimum, log_z = exact_optimum(task, space, c)
        probability = log_optimum.exp()  # (V^T,)
        possible = probability > 0
        ratio = (log_optimum - log_prior).where(possible, 0.0)
        kl = float((probability * ratio).sum() / (probability * lengths).sum())
        mean = float((probability * reward).sum())
        points.append(Point("exact", kl, mean, c=c, objective_per_sequence=log_z))
    return points


def write_csv(path: Path, points: Sequence[Point]) -> None:
    """One line a point, empty where something is not defined."""
    text = io.StringIO()
    names = [field.name for field in fields(Point)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(point) for point in points)
    write_text(path, text.getvalue())


def draw_frontier(path: Path, points: Sequence[Point], title: str) -> None:
    """Draw reward against divergence into a PNG file."""
    figure = new_figure(7.2, 5.0, title)
    axes = figure.add_subplot()
    tidy(axes)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_xlabel("KL to the prior, nats a token", color=INK)
    axes.set_ylabel("reward a sequence", color=INK)
    _line(axes, points, "exact", "exact optimum", PALETTE[6], "-", "")
    _line(axes, points, "best-of-n", "best of n (KL: its bound)", PALETTE[4], "--", ".")
    _line(axes, points, "tuned", "tuned", PALETTE[0], "", "o")
    _line(axes, points, "prior", "prior", INK, "", "s")
    _line(axes, points, "rl-only", "RL only", PALETTE[1], "", "X")
    _name_temperatures(axes, points)
    # below the axes: inside, its marks would be taken for points
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    save_png(figure, path)


def _name_temperatures(axes: Axes, points: Sequence[Point]) -> None:
    """Write c beside the tuned points of the first seed, above and below where two crowd."""
    first = min((p.seed for p in points if p.seed is not None), default=None)
    axes.autoscale_view()  # the limits by which pixels are known
    before: tuple[float, ...] = (math.inf, math.inf)
    above = False
    for point in points:
        if point.kind != "tuned" or point.seed != first:
            continue
        place = (point.kl_to_prior_per_token, point.reward_per_sequence)
        here = tuple(axes.transData.transform(place))  # in pixels
        crowded = all(abs(a - b) < most for a, b, most in zip(here, before, CROWDED, strict=True))
        above = crowded and not above
        axes.annotate(
            f"c={point.c:g}",
            place,
            (6, 4 if above else -9),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
        before = here


def _line(
    axes: Axes, points: Sequence[Point], kind: str, label: str, colour: str, line: str, marker: str
) -> None:
    """One kind of point, joined by a line where it has a style."""
    own = [point for point in points if point.kind == kind]
    if own:
        x = [point.kl_to_prior_per_token for point in own]
        y = [point.reward_per_sequence for point in own]
        axes.plot(x, y, color=colour, linestyle=line, marker=marker, markersize=5, label=label)
