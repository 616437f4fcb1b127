"""Methods of a comparison: their settings, the problem they share, and one run of one of them."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from sequence_tutor.algorithms.registry import algorithm_names
from sequence_tutor.config.presets import Tables
from sequence_tutor.config.settings import check_choice, first_difference
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.model import model_of_prior
from sequence_tutor.evaluation.prices import PriceList
from sequence_tutor.evaluation.terms import weighted_parts
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.carrying_out import carry_out
from sequence_tutor.tuner.checks import steps_for_budget
from sequence_tutor.tuner.idle_settings import idle, names_in, refuse_idle
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings_tables import Layers
from sequence_tutor.workbench.baselines import (
    best_n,
    best_of,
    best_of_statistics,
    mean_length,
    resample,
    resampled_statistics,
    sample_pool,
)
from sequence_tutor.workbench.comparison import MethodRun
from sequence_tutor.workbench.finished_run import (
    RESULT_FILE,
    drop_state,
    read_result,
    tuned,
    write_result,
)

EVALUATIONS = 12
"""Points of a learning curve after the first."""


def read_forms() -> Mapping[str, Tables]:
    """Method -> its tables, `tune` or `baseline`; each algorithm as it is, then other forms."""
    path = files("sequence_tutor") / "config" / "presets" / "forms.toml"
    plain = {name: {"tune": {"algorithm": name}} for name in algorithm_names()}
    return plain | tomllib.loads(path.read_text(encoding="utf-8"))


def chosen_forms(names: Sequence[str]) -> dict[str, Tables]:
    """The tables of some methods, in the order asked for.

    Raises:
        UserError: no name, an unknown one, or one given twice.
    """
    forms = read_forms()
    if not names:
        raise UserError("no method was given, expected at least one")
    check_choice(names, forms, "method")
    return {name: forms[name] for name in names}


@dataclass(frozen=True)
class Problem:
    """What all methods of a comparison share.

    Attributes:
        order: prior, reward and settings, without those of a method.
        budget: sequences that each method may have scored.
        samples: sequences that each run is evaluated with.
        threads: torch's.
        quiet: show no progress.
    """

    order: Order
    budget: int
    samples: int
    threads: int
    quiet: bool

    def of_form(self, form: Tables) -> Order:
        """The order of a method, with as many updates as the budget feeds."""
        below, budget = {"tune": form.get("tune", {})}, {"tune": {"budget": self.budget}}
        asked = self.order.with_(budget, below=below)
        steps = steps_for_budget(asked.spec.tune, self.budget)
        return asked.with_({"tune": {"steps": steps, "evaluate_every": -(-steps // EVALUATIONS)}})

    def run(self, name: str, form: Tables, order: Order, folder: Path, place: str) -> MethodRun:
        """One method with one seed; read from its folder if it is finished.

        Args:
            name: of the method.
            form: its tables.
            order: of this run, with its seed.
            folder: of the run.
            place: number of this run among all, for its heading.

        Raises:
            UserError: the folder holds a run with other settings, or a damaged result.
        """
        asked, seed = self._asked(form, order), order.spec.tune.seed
        path = folder / RESULT_FILE
        if path.is_file():
            return read_result(
                path,
                lambda found: (
                    _finished(name, seed, found),
                    first_difference("asked", found["asked"], asked) is None,
                ),
            )
        heading(f"{name}, seed {seed} ({place})", quiet=self.quiet)
        run = (self._sampled if "baseline" in form else self._tuned)(name, form, order, folder)
        found = {
            "asked": asked,
            "statistics": {key: asdict(value) for key, value in run.statistics.items()},
            "mean_length": run.mean_length,
            "scored_sequences": run.scored,
            "seconds": run.seconds,
            **({} if run.prices is None else {"prices": run.prices.to_json()}),
        }
        write_result(path, found)
        drop_state(folder)
        return run

    def _asked(self, form: Tables, order: Order) -> dict[str, Any]:
        """What decides a run's result, as plain JSON."""
        spec = order.spec.to_json()
        kept = ("domain", "prior", "length", "tune", "reward", "rules_digest", "own_reward")
        asked = {name: spec[name] for name in kept if name in spec}
        return {**asked, "baseline": form.get("baseline"), "samples": self.samples}

    def _tuned(self, name: str, form: Tables, order: Order, folder: Path) -> MethodRun:
        """Tune to the end, from the state of the folder, and evaluate."""
        tell = partial(heading, quiet=self.quiet)
        carry_out(order, folder, threads=self.threads, tell=tell, quiet=self.quiet)
        model, seed = tuned(order, folder), order.spec.tune.seed
        last = read_log(folder / LOG_FILE)[-1]
        with progress(f"evaluating {name}", self.samples, quiet=self.quiet) as advance:
            (column,) = evaluate([model], self.samples, seed, advance).columns
        scored, seconds = last["scored_sequences"], last["seconds"]
        return MethodRun(
            name, seed, column.statistics, column.mean_length, scored, seconds, column.prices
        )

    def _sampled(self, name: str, form: Tables, order: Order, folder: Path) -> MethodRun:
        """Sample the whole budget from the prior and keep what the baseline keeps."""
        model, tune = model_of_prior(order, name), order.spec.tune
        begun = time.perf_counter()
        generator = named_generator(tune.seed, "pool", model.device)
        with progress(f"sampling for {name}", self.budget, quiet=self.quiet) as advance:
            pool = sample_pool(model.task, self.budget, generator, advance)
        c, names = tune.c, model.reward.names
        if form["baseline"] == "best-of-n":
            n = best_n(pool.reward, c)
            rows = best_of(pool.reward, n)
            statistics = best_of_statistics(pool, names, c, n)
        else:
            rows = resample(pool.reward, c, self.samples, generator)
            statistics = resampled_statistics(pool, names, c, rows)
        own = model.domain.statistics(model.reward_settings)
        for part in rows.split(1024):
            own.update(pool.batch(part))
        seconds = round(time.perf_counter() - begun, 4)
        parts = weighted_parts(statistics, names, model.reward.weights.tolist())
        every = {**own.result(), **statistics, **parts}
        return MethodRun(name, tune.seed, every, mean_length(pool, rows), len(pool), seconds)


def _finished(name: str, seed: int, found: Mapping[str, Any]) -> MethodRun:
    """A run from its result file."""
    statistics = {key: Estimate(**value) for key, value in found["statistics"].items()}
    own = (found["mean_length"], found["scored_sequences"], found["seconds"])
    every = [end for value in statistics.values() for end in vars(value).values()]
    for number in (*own, *every):
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise TypeError(f"{number!r:.40} is no number")
    prices = PriceList.from_json(found["prices"]) if "prices" in found else None
    return MethodRun(name, seed, statistics, *own, prices)


def check_same_problem(specs: Mapping[str, RunSpec]) -> None:
    """Refuse methods that would not be compared fairly, before any work.

    Raises:
        UserError: it names the setting.
    """
    first, *others = specs
    for name in others:
        other = _shared(specs[name])
        for what, value in _shared(specs[first]).items():
            if other[what] != value:
                raise UserError(f"{name} has another {what} than {first}, expected the same")
    neutral = {"discount": 1, "prior_temperature": 1, "stages": (), "target_kl": None}
    for what, expected in neutral.items():
        found = getattr(specs[first].tune, what)
        if found != expected:
            raise UserError(
                f"{what} is {found}, expected {expected}: methods are compared by the objective at "
                "one c and no discount, and by their gap to log Z"
            )


def _shared(spec: RunSpec) -> dict[str, object]:
    names = ("c", "discount", "prior_temperature", "aims", "aims_alone")
    own = {name: getattr(spec.tune, name) for name in names}
    return {**own, "reward": spec.reward, "length": spec.length}


def check_some_use(layers: Layers, specs: Mapping[str, RunSpec]) -> None:
    """Refuse a setting of a shared file that has no effect in any of the methods.

    Raises:
        UserError: it names the setting.
    """
    given = names_in(layers.file.get("tune", {}))
    nowhere = given.intersection(*(idle(spec.tune) for spec in specs.values()))
    try:
        refuse_idle(next(iter(specs.values())).tune, nowhere)
    except ValueError as error:
        raise UserError(f"{layers.source}: {error}") from error
