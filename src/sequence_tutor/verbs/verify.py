"""`verify`: every algorithm trained on a problem whose optimum is known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.algorithms.registry import algorithm_names, find_algorithm
from sequence_tutor.config.presets import build, merged, read_preset
from sequence_tutor.config.settings import check_choice
from sequence_tutor.exact import compare_greedy, kl_to_optimum
from sequence_tutor.progress import progress
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads
from sequence_tutor.toy import ToyProblem, make_toy
from sequence_tutor.tuner.idle_settings import ASKED
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings


@dataclass(frozen=True)
class Verified:
    """The distance of one algorithm from its own optimum after training.

    Attributes:
        name: the algorithm, with `-paths` where it is not the paper's one-step form.
        kl_to_optimum: KL(pi || pi*) in nats per sequence; pi* is the algorithm's own fixed point,
            such as the softmax of the exact action values.
        value_error: the largest error of the greedy value at the states of the optimal greedy
            sequence, in nats, for Q and RL only; for the others the error of V at the first state,
            which is log Z; None for those that learn no V.
    """

    name: str
    kl_to_optimum: float
    value_error: float | None
    seconds: float
    updates: int


def verify(
    *, names: Sequence[str] = (), seed: int = 0, threads: int | None = None, quiet: bool = False
) -> dict[str, Any]:
    """Train each algorithm on the toy problem and measure it against dynamic programming.

    Args:
        names: which; all of them where empty.
        seed: of the problem and of the training.

    Returns:
        `{"algorithms": [...], "seed", "versions"}`, with one `Verified` an algorithm as a dict.

    Raises:
        UserError: a name is that of no algorithm.
    """
    forms = _forms()
    check_choice(names, forms, "algorithm")
    set_threads(threads)
    problem = make_toy(seed)
    results = []
    for name in names or forms:
        tables = {**form_tables(name), "seed": seed}
        settings = build(TuneSettings, tables, f"the preset of verify, {name}", {ASKED: ()})
        results.append(asdict(_train(name, problem, settings, quiet=quiet)))
    return {"algorithms": results, "seed": seed, "versions": versions()}


def form_tables(name: str) -> dict[str, Any]:
    """The settings of one form: those of all, then its algorithm's, then its own."""
    form = _forms()[name]
    common = read_preset("verify", "toy", "default")["tune"]
    return merged(merged(common, find_algorithm(form["algorithm"]).needs), form)


def soft_forms() -> list[str]:
    """The forms whose optimum is that of KL-control at every state, with the prior in it."""
    traits = {name: find_algorithm(own["algorithm"]) for name, own in _forms().items()}
    return [name for name, own in traits.items() if own.held and own.fits != "hard"]


def _forms() -> dict[str, Any]:
    """Form -> its settings: those of the preset, and those that algorithms declare."""
    others = {name: find_algorithm(name).verified_with for name in algorithm_names()}
    brought = {name: {**own, "algorithm": name} for name, own in others.items() if own is not None}
    return {**read_preset("verify", "toy", "default")["forms"], **brought}


def _train(name: str, problem: ToyProblem, settings: TuneSettings, *, quiet: bool) -> Verified:
    """Train in a temporary folder, and compare."""
    task = Task(problem.prior, problem.reward, problem.space.length, problem.space.end_token)
    begun = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        progress(f"verifying {name}", settings.steps, quiet=quiet) as advance,
    ):
        policy = Tuner(task, settings, Path(folder)).run(advance)
    seconds = time.perf_counter() - begun
    kl, value_error = distances(problem, policy, settings)
    return Verified(name, kl, value_error, round(seconds, 2), settings.steps)


def distances(
    problem: ToyProblem, policy: TunedPolicy, settings: TuneSettings
) -> tuple[float, float | None]:
    """KL to the algorithm's own optimum and its value error, see `Verified`."""
    c, discount = settings.c, settings.discount
    log_policy = problem.space.log_policy(policy.sequence_log_probs)
    algorithm, tables = policy.algorithm, (problem.log_prior(), problem.rewards())
    optimum = algorithm.optimum(*tables, c, discount)
    assert optimum is not None  # the preset has none without
    kl = kl_to_optimum(log_policy, optimum)
    if algorithm.fits == "none":
        return kl, None
    values = problem.space.action_values(policy.values)
    if algorithm.fits == "hard":
        hard = problem.hard_optimum(c, discount, augmented=algorithm.held)
        return kl, compare_greedy(values, hard).on_path
    first = algorithm.value(values[0], tables[0][0])  # (1,): V before the first token
    return kl, abs(first.item() - problem.soft_optimum(c, discount).value)
