"""One run of a comparison: a method and a seed, tuned or sampled, or read where it is over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from sequence_tutor.config.presets import Tables
from sequence_tutor.config.settings import first_difference
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.model import model_of_prior
from sequence_tutor.evaluation.terms import weighted_parts
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import Order
from sequence_tutor.workbench.baselines import (
    best_n,
    best_of,
    best_of_statistics,
    mean_length,
    resample,
    resampled_statistics,
    sample_pool,
)
from sequence_tutor.workbench.comparison import Run
from sequence_tutor.workbench.finished_run import (
    RESULT_FILE,
    drop_state,
    read_result,
    tuned,
    write_result,
)
from sequence_tutor.workbench.problem import Problem


def run_of(
    problem: Problem, name: str, form: Tables, order: Order, folder: Path, place: str
) -> Run:
    """One method with one seed; read from its folder if it is over.

    Args:
        problem: what all methods have in common.
        name: of the method.
        form: what is its own.
        order: of this run, with its seed.
        folder: of the run.
        place: which of all runs it is, as its heading says.

    Raises:
        UserError: the folder holds a run that was asked for something else, or a damaged result.
    """
    asked, seed = problem.asked(form, order), order.spec.tune.seed
    path = folder / RESULT_FILE
    if path.is_file():
        return read_result(
            path,
            lambda found: (
                _finished(name, seed, found),
                first_difference("asked", found["asked"], asked) is None,
            ),
        )
    heading(f"{name}, seed {seed} ({place})", quiet=problem.quiet)
    if "baseline" in form:
        run = _sampled(problem, name, form, order)
    else:
        run = _tuned(problem, name, order, folder)
    found = {
        "asked": asked,
        "statistics": {key: asdict(value) for key, value in run.statistics.items()},
        "mean_length": run.mean_length,
        "scored_sequences": run.scored,
        "seconds": run.seconds,
    }
    write_result(path, found)
    drop_state(folder)
    return run


def _finished(name: str, seed: int, found: Mapping[str, Any]) -> Run:
    """A run as its result tells of it."""
    statistics = {key: Estimate(**value) for key, value in found["statistics"].items()}
    own = (found["mean_length"], found["scored_sequences"], found["seconds"])
    every = [end for value in statistics.values() for end in vars(value).values()]
    for number in (*own, *every):
        if not isinstance(number, int | float) or isinstance(number, bool):
            raise TypeError(f"{number!r:.40} is no number")
    return Run(name, seed, statistics, *own)


def _tuned(problem: Problem, name: str, order: Order, folder: Path) -> Run:
    """Tune to the end, from wherever the folder stands, and evaluate."""
    quiet, seed = problem.quiet, order.spec.tune.seed
    order.carry_out(
        folder, threads=problem.threads, tell=partial(heading, quiet=quiet), quiet=quiet
    )
    model = tuned(order, folder)
    last = read_log(folder / LOG_FILE)[-1]
    with progress(f"evaluating {name}", problem.samples, quiet=problem.quiet) as advance:
        (column,) = evaluate([model], problem.samples, seed, advance).columns
    return Run(
        name, seed, column.statistics, column.mean_length, last["scored_sequences"], last["seconds"]
    )


def _sampled(problem: Problem, name: str, form: Tables, order: Order) -> Run:
    """Sample the whole budget from the prior and keep what the baseline keeps."""
    model, tune = model_of_prior(order, name), order.spec.tune
    begun = time.perf_counter()
    generator = named_generator(tune.seed, "pool", model.device)
    with progress(f"sampling for {name}", problem.budget, quiet=problem.quiet) as advance:
        pool = sample_pool(model.task, problem.budget, generator, advance)
    c, names = tune.c, model.reward.names
    if form["baseline"] == "best-of-n":
        n = best_n(pool.reward, c)
        rows = best_of(pool.reward, n)
        statistics = best_of_statistics(pool, names, c, n)
    else:
        rows = resample(pool.reward, c, problem.samples, generator)
        statistics = resampled_statistics(pool, names, c, rows)
    own = model.domain.statistics(model.reward_settings)
    for part in rows.split(1024):
        own.update(pool.batch(part))
    seconds = round(time.perf_counter() - begun, 4)
    parts = weighted_parts(statistics, names, model.reward.weights.tolist())
    every = {**own.result(), **statistics, **parts}
    return Run(name, tune.seed, every, mean_length(pool, rows), len(pool), seconds)
