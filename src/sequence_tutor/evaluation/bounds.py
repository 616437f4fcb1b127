"""Bounds on log Z, and a policy's gap to them.

The largest objective E[r/c + log p - log pi] is log Z = log E_p[exp(r/c)]; a policy's gap to it is
KL(pi || optimum), whichever policy the bound came from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import (
    UNDEFINED,
    Estimate,
    dependent_difference,
    divided,
    mean_of,
    without_ends,
)
from sequence_tutor.evaluation.model import Model
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sampling.smc import (
    ImpossibleError,
    ValuedPolicy,
    Valueless,
    sequential_monte_carlo,
)
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.settings import TuneSettings

PARTICLES, REPEATS = 512, 4
"""Particles of a run of sequential Monte Carlo, and number of runs."""

AGREE = 0.25
"""Nats: the largest standard deviation between runs whose mean has an interval."""

LOWER_BOUNDS = ("log_z_bound", "log_z_smc")
"""Statistics that are lower bounds on log Z in expectation."""


def check_particles(models: Sequence[Model], particles: int | None) -> None:
    """Refuse a bound on log Z for a model that was tuned at another discount than 1.

    Raises:
        UserError: `particles` is negative; or positive, and a model was tuned with gamma < 1.
    """
    if particles is None:
        return
    if particles < 0:
        raise UserError(f"particles is {particles}, expected 0 for none, or how many")
    for model in models:
        if particles and model.tune is not None and model.tune.discount < 1:
            raise UserError(
                f"{model.name}: tuned at discount {model.tune.discount:g}, but log Z is what is "
                "reached at discount 1, expected 0 particles"
            )


def log_z_smc(model: Model, task: Task, c: float, particles: int, seed: int) -> Estimate:
    """The log of the mean estimate of Z from runs of so many particles; in expectation <= log Z.

    The interval is Student's over their logarithms; there is none if these disagree, because the
    mean then depends on one run. The model is the proposal; its values are the twists if it learned
    them at every state.
    """
    policy = valued(model.policy, model.tune)
    generator = named_generator(seed, "sequential Monte Carlo", model.device)

    def run() -> float:
        try:
            return sequential_monte_carlo(policy, task, c, particles, generator).log_z
        except ImpossibleError:
            return -math.inf  # its estimate of Z is 0

    runs = torch.tensor([run() for _ in range(REPEATS)], dtype=torch.float64)
    value = _log_mean(runs.tolist())
    if value == -math.inf:
        return UNDEFINED
    if not bool(runs.isfinite().all()) or float(runs.std()) > AGREE:
        return without_ends(value)
    reach = mean_of(runs).reach
    return Estimate(value, value - reach, value + reach)


def valued(policy: Prior, tune: TuneSettings | None) -> ValuedPolicy:
    """The policy with its own values, or with values of 0 if it learned no soft ones."""
    learned = tune is not None and tune.learns_soft_values
    return policy if learned and isinstance(policy, ValuedPolicy) else Valueless(policy)


def with_best_bound(
    own: Mapping[str, Estimate], beside: Sequence[Mapping[str, Estimate]], mean_length: float
) -> dict[str, Estimate]:
    """Statistics with the gap to the best known value or bound of log Z.

    In this order: the exact log Z; the policy's own importance-weighted bound if it has an
    interval, with the gap from the same samples; other bounds with an interval; else all bounds.
    Several are joined by the mean of their estimates of Z, which like each of them is a lower bound
    in expectation; the highest of them would not be. If none has an interval, neither has the gap,
    which is then "at least". `beside` has the statistics of every policy with the same optimum.
    """
    if math.isnan(own.get("objective_per_sequence", UNDEFINED).value):
        return dict(own)  # of another objective, which no log Z bounds
    exact = next((found["log_z_exact"] for found in beside if "log_z_exact" in found), None)
    bounds = [found[name] for found in beside for name in LOWER_BOUNDS if name in found]
    known = [bound for bound in bounds if not math.isnan(bound.value)]
    sure = [bound for bound in known if math.isfinite(bound.low)]
    if exact is not None:
        joined = exact
    elif not known or (own.get("log_z_bound") in sure and "gap_per_sequence" in own):
        return dict(own)
    else:
        joined = joint(sure or known)
    gap = dependent_difference(joined, own["objective_per_sequence"])
    return {**own, "gap_per_sequence": gap, "gap_per_token": divided(gap, mean_length)}


def joint(bounds: Sequence[Estimate]) -> Estimate:
    """The log of the mean of estimates of Z that may depend on each other in any way."""
    value = _log_mean([bound.value for bound in bounds])
    reach = max(bound.reach for bound in bounds)
    return Estimate(value, value - reach, value + reach)


def _log_mean(logs: Sequence[float]) -> float:
    return float(torch.tensor(logs, dtype=torch.float64).logsumexp(0)) - math.log(len(logs))


def log_z_upper(policy: Prior, task: Task, c: float, optimal: SequenceBatch) -> Estimate:
    """An upper bound on log Z from independent samples of the optimum, as `exact` draws.

    Under the optimum the mean of r/c + log p - log pi is log Z + KL(optimum || pi); the nearer pi
    is to the optimum, the tighter the bound.
    """
    tokens, mask = optimal.tokens, optimal.mask_after(len(task.prefix))
    reference = tempered(task.prior.sequence_log_probs(tokens), task.prior_temperature)
    ratio = taken(reference - policy.sequence_log_probs(tokens), tokens).where(mask, 0.0)
    terms = score(task.reward, optimal).sum(1)  # (B, R)
    return mean_of(terms @ task.reward.weights.to(terms) / c + ratio.double().sum(1))
