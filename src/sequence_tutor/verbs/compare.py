"""`compare`: methods on one problem under one budget of scored sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import Tables, merged
from sequence_tutor.config.settings import check_least
from sequence_tutor.drawing.table import Table
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.storage.files import PathLike, named_path, optional_path, write_json, write_text
from sequence_tutor.storage.own_results import check_results
from sequence_tutor.storage.run_log import Record, read_log
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.verbs.side_by_side import Opening, compute_runs, computed
from sequence_tutor.verbs.tune import AnyPrior, AnyReward
from sequence_tutor.workbench.aimed_comparison import (
    aimed_table,
    check_held,
    figures_of,
    reached_table,
    with_aims,
)
from sequence_tutor.workbench.comparison import (
    PANELS,
    MethodRun,
    against_best_bound,
    by_method,
    draw_comparison,
    table,
)
from sequence_tutor.workbench.methods import (
    Problem,
    check_same_problem,
    check_some_use,
    chosen_forms,
)


@dataclass(frozen=True)
class Comparison:
    """The result of every run, seed by seed, methods in the order asked for.

    The caption explains the table's numbers. `has_aims` tells whether the methods were tuned with
    aims; the table then shows how they are met, and there is a second one.
    """

    runs: Sequence[MethodRun]
    caption: str

    def to_json(self) -> dict[str, Any]:
        """As `compare --json` writes it."""
        if not self.has_aims:
            return {"methods": [run.to_json() for run in self.runs]}
        return {"methods": [{**run.to_json(), **figures_of(run)} for run in self.runs]}

    @property
    def has_aims(self) -> bool:
        """Whether every run has aims."""
        return all(run.prices is not None for run in self.runs)

    def tables(self) -> list[Table]:
        """One row a method; with aims also one row an aim."""
        if not self.has_aims:
            return [table(self.runs, self.caption)]
        return [aimed_table(self.runs, self.caption), reached_table(self.runs)]

    def table(self) -> Table:
        """One row a method."""
        return self.tables()[0]

    def _repr_html_(self) -> str:
        """The tables, in a notebook."""
        return "\n".join(one.html() for one in self.tables())


RESULTS = ("compare.json", "table.md", "curves.png", "curves_by_time.png")
"""What is written in the folder beside the runs; the first one first."""


def compare(
    domain: str,
    out: PathLike,
    methods: Sequence[str],
    *,
    budget: int = 200_000,
    seeds: int = 3,
    samples: int = 10_000,
    prior: AnyPrior | None = None,
    reward: AnyReward | None = None,
    preset: str = "compare",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    aims: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    executor: str | None = None,
    side_by_side: str | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Comparison:
    """Give each method the same prior, number of scored sequences, and rewards and c or aims.

    The same call continues an interrupted one; one that asks for more methods or seeds adds them. A
    run's folder, `out/METHOD/seed_N`, is one of `tune`.

    Args:
        out: folder for runs, table and curves.
        methods: names in `config/presets/forms.toml`.
        budget: sequences scored to learn from. The evaluations that draw the curves score others.
        seeds: runs of each method, with seeds from 0.
        samples: sequences that each finished run is evaluated with.
        aims: as for `tune`. Each method finds multipliers of its own, therefore aims met, misses
            and divergence are compared, not objectives.
        config: as for `tune`, like all other arguments; the methods' own settings win over it.
        side_by_side: executor that computes the runs, such as "local" or "ray", whose machines all
            see `out` under the same path; "shared": every process that makes the same call takes
            the runs that no other is at; None: one after the other in this process.
        threads: torch's threads; None measures, and side by side it is 1 a run.

    Raises:
        UnfinishedError: the runs are shared, and others are still at some.
        UserError: a number, method or setting that cannot be used, methods that would not have the
            same problem or cannot hold aims, or a folder that holds runs with other settings.
    """
    check_least(1, budget=budget, seeds=seeds)
    check_least(2, samples=samples)
    out = named_path(out)
    check_results(out, RESULTS, "methods")
    if aims is not None:
        overrides = merged(overrides or {}, {"aims": aims})
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
    asked_for = Asked(opening, tuple(methods), budget, samples)
    begun = asked_for.begin(reward, quiet=quiet)
    forms, orders = begun.forms, begun.orders
    specs = {name: own.spec for name, own in orders.items()}
    problem = replace(begun.problem, threads=set_threads(threads))
    asked = [(seed, name) for seed in range(seeds) for name in forms]

    def compute() -> None:
        there = replace(asked_for, opening=opening.elsewhere())
        shared = there, out.absolute(), problem.threads
        items = [(*shared, seed, name) for seed, name in asked]
        places = [(begun.folder(out, *one), begun.steps(one[1])) for one in asked]
        compute_runs(_finish, items, places, str(side_by_side), problem.threads, quiet=quiet)

    with computed(out, side_by_side, compute):
        runs = []
        for number, (seed, name) in enumerate(asked, start=1):
            place = f"{number} of {len(asked)}"
            runs.append(begun.run(problem, out, seed, name, place))
        caption = _caption(problem, seeds, specs[methods[0]])
        comparison = Comparison(
            runs if problem.order.has_aims else against_best_bound(runs), caption
        )
        write_json(out / RESULTS[0], comparison.to_json())
        write_text(out / "table.md", "\n".join(one.markdown() for one in comparison.tables()))
        _draw(out, comparison)
    return comparison


@dataclass(frozen=True)
class Asked:
    """What a comparison is of, so that another process can begin it; as the arguments of `compare`.

    Attributes:
        opening: what its runs share.
    """

    opening: Opening
    methods: tuple[str, ...]
    budget: int
    samples: int

    def begin(self, reward: AnyReward | None = None, *, quiet: bool) -> Begun:
        """Open prior and reward, and check that the methods can be compared.

        Raises:
            UserError: they cannot.
        """
        forms, order = chosen_forms(self.methods), self.opening.order(reward, quiet=quiet)
        if order.has_aims:
            check_held(forms)
            order.check_aims(order.reward())
        problem = Problem(order, self.budget, self.samples, torch.get_num_threads(), quiet)
        orders = {name: problem.of_form(form) for name, form in forms.items()}
        for name in (name for name, form in forms.items() if "baseline" in form):
            orders[name].check_unlimited(name)
        specs = {name: own.spec for name, own in orders.items()}
        check_same_problem(specs)
        check_some_use(order.layers, specs)
        return Begun(problem, forms, orders)


@dataclass(frozen=True)
class Begun:
    """A comparison in this process: what its methods share, and their tables and orders."""

    problem: Problem
    forms: Mapping[str, Tables]
    orders: Mapping[str, Order]

    def folder(self, out: Path, seed: int, name: str) -> Path:
        """Of a run."""
        return out / name / f"seed_{seed}"

    def steps(self, name: str) -> int:
        """Updates of a method's run."""
        return 0 if "baseline" in self.forms[name] else self.orders[name].spec.tune.steps

    def run(self, problem: Problem, out: Path, seed: int, name: str, place: str) -> MethodRun:
        """Compute a run, unless it is finished; `place` is its number among all, in words."""
        order = self.orders[name].with_({"tune": {"seed": seed}})
        folder = self.folder(out, seed, name)
        return problem.run(name, self.forms[name], order, folder, place)


def _finish(item: tuple[Asked, Path, int, int, str]) -> None:
    """One run, in whichever process the executor calls this."""
    asked, out, threads, seed, name = item
    begun = asked.begin(quiet=True)
    begun.run(replace(begun.problem, threads=set_threads(threads)), out, seed, name, "")


def _caption(problem: Problem, seeds: int, spec: RunSpec) -> str:
    domain = problem.order.domain.name
    run, over = ("1 seed", "the samples") if seeds == 1 else (f"{seeds} seeds", "seeds")
    if spec.tune.aims:
        return (
            f"{domain}, {len(spec.tune.aims)} aims, at most {problem.budget:,} scored sequences, "
            f"{run}, evaluated with {problem.samples:,} samples each; ± is the farther end of the "
            f"95 % interval over {over}; an aim is met where the interval over the samples of a "
            "run reaches it; the worst miss is the largest part of its bound among aims not met"
        )
    return (
        f"{domain}, c = {spec.tune.c:g}, {problem.budget:,} scored sequences, {run}, "
        f"judged by {problem.samples:,} samples each; ± is the farther end of the 95 % interval "
        f"over {over}; objective and gap in nats, the gap to the best lower bound on log Z of all "
        "runs, or to log Z where it is known"
    )


def _draw(out: Path, comparison: Comparison) -> None:
    """Curves against scored sequences and against time."""
    logs = {
        name: [_log(out / name / f"seed_{run.seed}", run) for run in own]
        for name, own in by_method(comparison.runs).items()
    }
    drawn, panels = with_aims(logs, PANELS)
    draw_comparison(out / "curves.png", drawn, panels, "scored_sequences", "scored sequences")
    draw_comparison(out / "curves_by_time.png", drawn, panels, "seconds", "seconds")


def _log(folder: Path, run: MethodRun) -> Sequence[Record]:
    """The evaluations of a run, or its result where it does not train."""
    figures = {name: value.value for name, value in run.statistics.items()}
    result = {**figures, "scored_sequences": run.scored, "seconds": run.seconds}
    return read_log(folder / LOG_FILE) or [result]
