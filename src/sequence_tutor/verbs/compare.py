"""`compare`: methods on one problem under one budget of scored sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.storage.files import PathLike, named_path, optional_path, write_json, write_text
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.run_log import Record, read_log
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.verbs.tune import AnyPrior, AnyReward
from sequence_tutor.workbench.comparison import (
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

    The caption explains the table's numbers.
    """

    runs: Sequence[MethodRun]
    caption: str

    def to_json(self) -> dict[str, Any]:
        """As `compare --json` writes it."""
        return {"methods": [run.to_json() for run in self.runs]}

    def table(self) -> Table:
        """One row a method."""
        return table(self.runs, self.caption)

    def _repr_html_(self) -> str:
        """The table, in a notebook."""
        return self.table().html()


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
    rules: PathLike | None = None,
    executor: str | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Comparison:
    """Give each method the same prior, rewards, c and number of scored sequences.

    The same call continues an interrupted one; one that asks for more methods or seeds adds them. A
    run's folder, `out/METHOD/seed_N`, is one of `tune`.

    Args:
        out: folder for runs, table and curves.
        methods: names in `config/presets/forms.toml`.
        budget: sequences scored to learn from. The evaluations that draw the curves score others.
        seeds: runs of each method, with seeds from 0.
        samples: sequences that each finished run is evaluated with.
        config: as for `tune`, like all other arguments; the methods' own settings win over it.

    Raises:
        UserError: a number, method or setting that cannot be used, methods that would not have the
            same problem, or a folder that holds runs with other settings.
    """
    for name, number, least in (
        ("budget", budget, 1),
        ("seeds", seeds, 1),
        ("samples", samples, 2),
    ):
        if number < least:
            raise UserError(f"{name} is {number}, expected at least {least}")
    out, forms = named_path(out), chosen_forms(methods)
    given = Given(prior, rules_file(rules), reward)
    order = open_order(
        *(domain, preset, optional_path(config), with_executor(overrides, executor), given),
        serves_several=True,
        trust=trust,
        device=device,
        quiet=quiet,
    )
    problem = Problem(order, budget, samples, torch.get_num_threads(), quiet)
    orders = {name: problem.of_form(form) for name, form in forms.items()}
    specs = {name: own.spec for name, own in orders.items()}
    check_same_problem(specs)
    check_some_use(order.layers, specs)
    problem = replace(problem, threads=set_threads(threads))
    asked = [(seed, name) for seed in range(seeds) for name in forms]
    with writing_in(out):
        runs = []
        for number, (seed, name) in enumerate(asked, start=1):
            folder, place = out / name / f"seed_{seed}", f"{number} of {len(asked)}"
            own = orders[name].with_({"tune": {"seed": seed}})
            runs.append(problem.run(name, forms[name], own, folder, place))
        comparison = Comparison(
            against_best_bound(runs), _caption(problem, seeds, specs[methods[0]])
        )
        write_json(out / "compare.json", comparison.to_json())
        write_text(out / "table.md", comparison.table().markdown())
        _draw(out, comparison.runs)
    return comparison


def _caption(problem: Problem, seeds: int, spec: RunSpec) -> str:
    domain = problem.order.domain.name
    run, over = ("1 seed", "the samples") if seeds == 1 else (f"{seeds} seeds", "seeds")
    return (
        f"{domain}, c = {spec.tune.c:g}, {problem.budget:,} scored sequences, {run}, "
        f"judged by {problem.samples:,} samples each; ± is the farther end of the 95 % interval "
        f"over {over}; objective and gap in nats, the gap to the best lower bound on log Z of all "
        "runs, or to log Z where it is known"
    )


def _draw(out: Path, runs: Sequence[MethodRun]) -> None:
    """Curves against scored sequences and against time."""
    logs = {
        name: [_log(out / name / f"seed_{run.seed}", run) for run in own]
        for name, own in by_method(runs).items()
    }
    draw_comparison(out / "curves.png", logs, "scored_sequences", "scored sequences")
    draw_comparison(out / "curves_by_time.png", logs, "seconds", "seconds")


def _log(folder: Path, run: MethodRun) -> Sequence[Record]:
    """The evaluations of a run, or its result where it does not train."""
    figures = {name: value.value for name, value in run.statistics.items()}
    result = {**figures, "scored_sequences": run.scored, "seconds": run.seconds}
    return read_log(folder / LOG_FILE) or [result]
