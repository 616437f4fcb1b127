"""`frontier`: what reward costs in divergence from the prior, over c."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.presets import Tables, build
from sequence_tutor.config.settings import check_least
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.storage.files import PathLike, named_path, optional_path, write_json
from sequence_tutor.storage.own_results import check_results
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.carrying_out import carry_out
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.verbs.side_by_side import Opening, compute_runs, computed
from sequence_tutor.verbs.tune import AnyPrior, AnyReward
from sequence_tutor.workbench.baselines import sample_pool
from sequence_tutor.workbench.finished_run import tuned
from sequence_tutor.workbench.frontier import (
    Point,
    best_of_points,
    costs,
    end_point,
    exact_points,
    front_table,
    is_on_front,
    tuned_points,
    write_csv,
)
from sequence_tutor.workbench.frontier_picture import draw_frontier
from sequence_tutor.workbench.methods import chosen_forms

ENDS = {"algorithm": "rl-only", "value_weight": 1.0}
"""Settings of the other end of every frontier: reward alone."""
SWEEP, RL_ONLY = "", "rl-only"
"""Folders of the runs over c, and of those of reward alone."""


@dataclass(frozen=True)
class Frontier:
    """Every point, and the cost of each c.

    Attributes:
        costs: one entry a c, from the first tuned to the last: `c`, mean `scored_sequences` and
            `seconds` over seeds, and both as shares of the first c's.
    """

    points: Sequence[Point]
    costs: Sequence[Mapping[str, float]]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"points": [asdict(point) for point in self.points], "costs": list(self.costs)}

    def _repr_html_(self) -> str:
        """The points on the front, from the prior on, in a notebook."""
        return front_table(self.points).html()


RESULTS = ("frontier.json", "frontier.csv", "frontier.png")
"""What is written in the folder beside the runs; the first one first."""


def frontier(
    domain: str,
    out: PathLike,
    c: Sequence[float],
    *,
    algorithm: str = "psi",
    seeds: int = 1,
    share: float = 0.25,
    samples: int = 4096,
    pool: int = 50_000,
    prior: AnyPrior | None = None,
    reward: AnyReward | None = None,
    preset: str = "compare",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    executor: str | None = None,
    side_by_side: str | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Frontier:
    """Tune along c, from the largest, next to the prior, to the smallest.

    All c of a seed are stages of one run, `out/seed_N`: each continues with the weights and the
    scored sequences of the one before (rewards are stored undivided), and so needs only a share of
    the updates and of the new sequences of the first. The same call continues an interrupted one.

    Args:
        out: folder for runs, numbers and picture.
        c: temperatures, at least two.
        algorithm: name of a form that trains, see `config/presets/forms.toml`.
        seeds: runs, with seeds from 0.
        share: updates of each later c, as a share of those of the first.
        samples: sequences that each point is measured with.
        pool: sequences of the prior for best of n.
        prior: as for `tune`, like all other arguments.
        side_by_side: as for `compare`; all c of a seed are one run.

    Raises:
        UnfinishedError: the runs are shared, and others are still at some.
        UserError: numbers or an algorithm that give no frontier.
    """
    out = named_path(out)
    temperatures = _checked(c, seeds, share, samples, pool)
    check_results(out, RESULTS, "points")
    opening = Opening(
        domain,
        prior,
        preset,
        optional_path(config),
        with_executor(overrides, executor),
        rules_file(rules),
        trust,
        device,
    )
    if side_by_side is not None:
        opening, threads = opening.side_by_side(reward, executor), threads or 1
    asked_for = Asked(opening, tuple(temperatures), algorithm, share, samples)
    sweeps = asked_for.begin(reward, quiet=quiet)
    threads = set_threads(threads)
    places = [(place, seed) for seed in range(seeds) for place in sweeps]

    def compute() -> None:
        there = replace(asked_for, opening=opening.elsewhere())
        shared = there, out.absolute(), threads
        runs = [_run_of(sweeps, out, *one) for one in places]
        folders = [(run, most_steps(own.spec.tune)) for own, run in runs]
        items = [(*shared, *one) for one in places]
        compute_runs(_finish, items, folders, str(side_by_side), threads, quiet=quiet)

    with computed(out, side_by_side, compute):
        points: list[Point] = []
        for place, seed in places:
            own, run = _run_of(sweeps, out, place, seed)
            carry_out(own, run, threads=threads, tell=partial(heading, quiet=quiet), quiet=quiet)
            points += [end_point(run, seed)] if place else tuned_points(run, seed)
        model = tuned(own, run)
        prior_model = prior_of(model)
        points += _prior_points(prior_model, pool, quiet=quiet)
        points = [replace(point, on_front=is_on_front(point, points)) for point in points]
        points += exact_points(prior_model.task, temperatures[-1], temperatures[0])
        result = Frontier(points, costs(points))
        write_json(out / RESULTS[0], result.to_json())
        write_csv(out / "frontier.csv", points)
        draw_frontier(
            out / "frontier.png", points, f"{domain}: reward against divergence, {algorithm}"
        )
    return result


@dataclass(frozen=True)
class Asked:
    """What a frontier is of, so that another process can begin it; as the arguments of `frontier`.

    Attributes:
        opening: what its runs share.
    """

    opening: Opening
    c: tuple[float, ...]
    algorithm: str
    share: float
    samples: int

    def begin(self, reward: AnyReward | None = None, *, quiet: bool) -> dict[str, Order]:
        """The orders of both kinds of runs, by their folder: `SWEEP` and `RL_ONLY`.

        Raises:
            UserError: an algorithm or settings that give no frontier.
        """
        form, order = _trained(self.algorithm), self.opening.order(reward, quiet=quiet)
        order.check_unlimited("best-of-n of a frontier")
        return {
            SWEEP: _sweep(order, form, self.c, self.share, self.samples),
            RL_ONLY: _sweep(order, ENDS, self.c[-1:], self.share, self.samples),
        }


def _run_of(sweeps: Mapping[str, Order], out: Path, place: str, seed: int) -> tuple[Order, Path]:
    """A run's order and folder."""
    return sweeps[place].with_({"tune": {"seed": seed}}), out / place / f"seed_{seed}"


def _finish(item: tuple[Asked, Path, int, str, int]) -> None:
    """One run, in whichever process the executor calls this."""
    asked, out, threads, place, seed = item
    order, run = _run_of(asked.begin(quiet=True), out, place, seed)
    carry_out(order, run, threads=set_threads(threads), tell=lambda _: None, quiet=True)


def _sweep(
    order: Order, form: Tables, temperatures: Sequence[float], share: float, samples: int
) -> Order:
    """The order of one run over some temperatures, each a stage."""
    asked = order.with_({"tune": {"seed": 0}}, below={"tune": form})
    first = asked.spec.tune.steps
    later = max(1, round(share * first))
    stages = [
        {"name": f"c={value:g}", "c": value, "steps": later if place else first}
        for place, value in enumerate(temperatures)
    ]
    every = {"evaluate_every": first, "evaluate_samples": samples}
    sweep = asked.with_({"tune": every, "stages": stages})
    if sweep.spec.tune.prior_temperature != 1:
        raise UserError(
            f"prior_temperature is {sweep.spec.tune.prior_temperature:g}, expected 1: the "
            "frontier is that of the prior itself"
        )
    return sweep


def _checked(c: Sequence[float], seeds: int, share: float, samples: int, pool: int) -> list[float]:
    """The temperatures from the largest on; numbers that do not fit are refused."""
    for value in c:
        build(TuneSettings, {"c": value}, "--c")
    if len(set(c)) != len(c) or len(c) < 2:
        raise UserError(
            f"{len(set(c))} different c of {len(c)}, expected at least two, all different"
        )
    check_least(1, seeds=seeds)
    check_least(2, samples=samples)
    check_least(64, pool=pool)
    if not 0 < share <= 1:
        raise UserError(f"share is {share}, expected a number above 0 and up to 1")
    return sorted(c, reverse=True)


def _trained(algorithm: str) -> Mapping[str, Any]:
    """The table of a form; refused where its algorithm has no divergence term."""
    tune_table = chosen_forms([algorithm])[algorithm].get("tune")
    if tune_table is None or not find_algorithm(tune_table["algorithm"]).held:
        raise UserError(
            f"{algorithm} has no c that sets its divergence from the prior, expected a method such "
            "as psi or g"
        )
    table: Mapping[str, Any] = tune_table
    return table


def _prior_points(prior: Model, pool: int, *, quiet: bool) -> list[Point]:
    """The prior, and the best of n of its sequences."""
    generator = named_generator(0, "pool", prior.device)
    with progress("sampling the prior", pool, quiet=quiet) as advance:
        sampled = sample_pool(prior.task, pool, generator, advance)
    return [Point("prior", 0.0, float(sampled.reward.mean())), *best_of_points(sampled)]
