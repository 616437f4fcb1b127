"""Reward against the divergence it costs: points of policies, the front, the exact curve."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from sequence_tutor.drawing.table import Table, value_text
from sequence_tutor.estimates import mean_of
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
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.workbench.baselines import FEWEST_GROUPS, Pool, best_of, best_of_kl, mean_length

EXACT_POINTS = 40


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
                point.c,
                point.n,
                point.kl_to_prior_per_token,
                point.reward_per_sequence,
                point.distinct,
                point.scored_sequences,
                point.seconds,
            )
            shown = ("" if number is None else f"{number:.5g}" for number in cells)
            rows.append([point.kind, *shown, "*" if point.on_front else ""])
    return Table(header, rows)


def tuned_points(folder: Path, seed: int) -> Iterator[Point]:
    """The policy's point at the end of every stage."""
    _, *records = read_log(folder / LOG_FILE)  # the first one is before any update
    ends = {record["stage"]: record for record in records}  # the last of each stage
    before = {"scored_sequences": 0, "seconds": 0.0}
    for record in ends.values():
        yield Point(
            "tuned",
            record["kl_to_prior_per_token"],
            record["reward_per_sequence"],
            c=record["c"],
            seed=seed,
            objective_per_sequence=record.get("objective_per_sequence"),
            log_z_bound=record.get("log_z_bound"),
            distinct=record["distinct"],
            scored_sequences=record["scored_sequences"] - before["scored_sequences"],
            seconds=round(record["seconds"] - before["seconds"], 4),
        )
        before = record


def end_point(folder: Path, seed: int) -> Point:
    """The point of reward alone, which has no objective with a prior in it."""
    (last,) = tuned_points(folder, seed)
    return replace(last, kind="rl-only", objective_per_sequence=None, log_z_bound=None)


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


def costs(points: Sequence[Point]) -> list[dict[str, float]]:
    """The cost of each c, from the largest on, and its share of the first."""
    tuned = [point for point in points if point.kind == "tuned"]
    rows: list[dict[str, float]] = []
    for c in dict.fromkeys(point.c for point in tuned if point.c is not None):
        row = {"c": c}
        for name in ("scored_sequences", "seconds"):
            row[name] = mean_of([getattr(point, name) for point in tuned if point.c == c]).value
            first = rows[0][name] if rows else row[name]
            row[f"{name}_share_of_first"] = row[name] / first if first else 1.0
        rows.append(row)
    return rows


def write_csv(path: Path, points: Sequence[Point]) -> None:
    """One line a point, empty where something is not defined."""
    text = io.StringIO()
    names = [field.name for field in fields(Point)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(point) for point in points)
    write_text(path, text.getvalue())
