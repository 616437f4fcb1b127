"""`verify --aims`: multipliers that were found while tuning, beside those of the exact optimum."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.aims import Aim, parse_aims
from sequence_tutor.config.presets import build, merged, read_preset
from sequence_tutor.config.settings import check_choice
from sequence_tutor.exact import (
    ConstrainedOptimum,
    Distinct,
    along_sequences,
    constrained_optimum,
    enumerate_sequences,
    expected_distinct,
    sequence_kl,
)
from sequence_tutor.progress import progress
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads
from sequence_tutor.toy import ToyProblem, make_toy
from sequence_tutor.toy.rows import ToyRows
from sequence_tutor.tuner.aimed_rows import Bound, bounds_of
from sequence_tutor.tuner.bound_features import features
from sequence_tutor.tuner.idle_settings import ASKED
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import form_tables, soft_forms

INFEASIBLE = "infeasible"
"""The round whose aims nothing meets."""

TIGHT = 1e-3
"""Multipliers of the optimum above this belong to tight aims."""


@dataclass(frozen=True)
class VerifiedAims:
    """The distance of one algorithm from the constrained optimum of one round.

    Attributes:
        name: the algorithm, with `-paths` where it is not the paper's one-step form.
        round: the aims, as the preset calls them.
        kl_to_optimum: KL(pi || pi*) in nats per sequence; None where nothing meets the aims.
        multiplier_error: the largest relative error of a tight aim's multiplier; None as above.
        worst_miss: the largest amount by which the policy, exactly, misses an aim, in the unit of
            its row.
        said_infeasible: whether the run said that an aim is out of reach or missed.
    """

    name: str
    round: str
    kl_to_optimum: float | None
    multiplier_error: float | None
    worst_miss: float
    said_infeasible: bool
    seconds: float
    updates: int


def verify_aims(
    *,
    names: Sequence[str] = (),
    rounds: Sequence[str] = (),
    seed: int = 0,
    threads: int | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train each soft algorithm on the toy problem with aims, and measure it exactly.

    Args:
        names: which algorithms; all soft ones where empty.
        rounds: which sets of aims; all where empty.
        seed: of the problem and of the training.

    Returns:
        `{"algorithms": [{"name", "round", "kl_to_optimum", "multiplier_error", "worst_miss",
        "said_infeasible", "seconds", "updates"}, ...]}` with the seed and the versions.

    Raises:
        UserError: a name is that of no soft algorithm, or of no round.
    """
    forms, preset = soft_forms(), read_preset("verify", "toy", "aims")
    check_choice(names, forms, "soft algorithm")
    check_choice(rounds, preset["rounds"], "round")
    set_threads(threads)
    problem = make_toy(seed)
    results = []
    for called in rounds or preset["rounds"]:
        aims = parse_aims(preset["rounds"][called])
        optimum = exact_optimum(problem, aims)
        for name in names or forms:
            if called == INFEASIBLE and name != (names or forms)[0] and not names:
                continue  # whether nothing meets the aims is no matter of the algorithm
            settings = settings_of_form(name, aims, seed)
            found = _train(name, called, problem, settings, optimum, quiet=quiet)
            results.append(asdict(found))
    return {"algorithms": results, "seed": seed, "versions": versions()}


def settings_of_form(name: str, aims: Sequence[Aim], seed: int) -> TuneSettings:
    """The settings of `verify` for a form, with those of `verify --aims` over them."""
    own = form_tables(name)
    tables = merged(own, read_preset("verify", "toy", "aims")["tune"])
    if find_algorithm(own["algorithm"]).on_policy:  # its batch is what it has just collected
        tables = merged(tables, {key: own[key] for key in ("batch", "collect")})
    tables = {**tables, "seed": seed, "aims": tuple(aims), "aims_alone": True}
    return build(TuneSettings, tables, f"the preset of verify, {name}", {ASKED: ()})


def exact_optimum(problem: ToyProblem, aims: Sequence[Aim]) -> ConstrainedOptimum:
    """The constrained optimum, its multipliers in the order of the bounds."""
    bounds, counts = bounds_of(aims), _counts(problem, aims)
    moments = [bound for bound in bounds if bound.aim.draws is None]
    functional = [bound.aim for bound in bounds if bound.aim.draws is not None]
    distinct = None
    if functional:
        draws, share = functional[0].draws, functional[0].low
        assert draws is not None  # an aim at distinct has both
        assert share is not None
        distinct = Distinct(draws, share)
    phi = features(moments, counts, None).T  # (K, N)
    return constrained_optimum(_log_probs(problem, None), phi, torch.zeros(len(moments)), distinct)


def _counts(problem: ToyProblem, aims: Sequence[Aim]) -> Tensor:
    """(N, 2 M) of every sequence; 0 for `distinct`, which is no moment."""
    batch = enumerate_sequences(problem.space.vocab_size, problem.space.length)
    counted = ToyRows(problem.space.vocab_size).count(batch)
    zero = torch.zeros(len(batch), dtype=torch.float64)
    columns = []
    for aim in aims:
        own = counted.get(aim.row)
        columns += [zero, zero] if own is None else [own.numerators, own.denominators]
    return torch.stack(columns, 1)


def _log_probs(problem: ToyProblem, policy: Any) -> Tensor:  # a prior or a policy
    model = problem.prior if policy is None else policy
    return along_sequences(problem.space.log_policy(model.sequence_log_probs))


def _train(
    name: str,
    called: str,
    problem: ToyProblem,
    settings: TuneSettings,
    optimum: ConstrainedOptimum,
    *,
    quiet: bool,
) -> VerifiedAims:
    """Train in a folder that is thrown away, and compare."""
    task = Task(problem.prior, problem.reward, problem.space.length, problem.space.end_token)
    rows, said = ToyRows(problem.space.vocab_size), list[str]()
    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        progress(f"verifying {name}, {called}", settings.steps, quiet=quiet) as advance,
    ):
        tuner = Tuner(task, settings, Path(folder), said.append, rows=rows)
        policy = tuner.run(advance)
    seconds = time.perf_counter() - begun
    assert tuner.aiming is not None  # it has aims
    log_policy = _log_probs(problem, policy)
    bounds = tuner.aiming.bounds
    counts = _counts(problem, settings.aims)
    worst = max(_miss(bound, log_policy, counts) for bound in bounds)
    hopeless = any("aims out of reach" in one or "aims missed" in one for one in said)
    kl = error = None
    if optimum.feasible:
        kl = sequence_kl(log_policy, optimum.log_probs)
        error = _multiplier_error(tuner.aiming.multipliers.values, optimum, bounds)
    return VerifiedAims(name, called, kl, error, worst, hopeless, round(seconds, 2), settings.steps)


def _miss(bound: Bound, log_policy: Tensor, counts: Tensor) -> float:
    """By how much a policy misses a bound, exactly."""
    if bound.aim.draws is not None:
        value = float(expected_distinct(log_policy, bound.aim.draws))
    else:
        means = log_policy.exp() @ counts
        value = float(means[2 * bound.place] / means[2 * bound.place + 1])
    return float(max(0.0, bound.sign * (bound.at - value)))


def _multiplier_error(found: Tensor, optimum: ConstrainedOptimum, bounds: Sequence[Bound]) -> float:
    """The largest relative error of a multiplier that is not 0 at the optimum."""
    order = sorted(range(len(bounds)), key=lambda at: bounds[at].aim.draws is not None)
    exact = optimum.multipliers  # those of moments first
    errors = [
        abs(float(found[at]) - value) / value
        for at, value in zip(order, exact.tolist(), strict=True)
        if value > TIGHT
    ]
    return float(max(errors))
