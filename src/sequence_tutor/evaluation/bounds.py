"""How far from the best possible: bounds on log Z, and the gap that they leave.

log Z = log E_p[exp(r/c)] is what the objective E[r/c + log p - log pi] reaches at its optimum, so
their difference is KL(pi || optimum), whichever policy the bound came from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import (
    UNDEFINED,
    Estimate,
    dependent_difference,
    divided,
    exactly,
    mean_of,
    without_ends,
)
from sequence_tutor.evaluation.model import Model
from sequence_tutor.exact import SequenceSpace, along_sequences, enumerate_sequences, sequence_kl
from sequence_tutor.exact.space import cut_at_end
from sequence_tutor.models import State
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sampling.smc import ImpossibleError, ValuedPolicy, sequential_monte_carlo
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.settings import TuneSettings

PARTICLES, REPEATS = 512, 4
"""Particles of a run of sequential Monte Carlo, and runs whose spread gives the interval."""

AGREE = 0.25
"""Nats: with a larger spread between runs their mean has no interval."""

MOST_ENUMERATED = 2**16
"""Sequences of a space, up to which the exact truth stands beside the bounds."""

LOWER_BOUNDS = ("log_z_bound", "log_z_smc")
"""Statistics that bound log Z from below in expectation."""


def check_particles(models: Sequence[Model], particles: int | None) -> None:
    """Refuse a bound on log Z where nothing was tuned toward it.

    Raises:
        UserError: a number of particles below 0; or one above it and a model of gamma < 1.
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
    """The log of the mean estimate of Z of a few runs; in expectation at most log Z.

    The interval is Student's over their logarithms where these agree, and there is none where they
    do not: their mean is then carried by one of a handful.

    Args:
        model: proposes; its values are the twists where it learned them at every state.
        task: what it is measured on.
        c: temperature.
        particles: of each run.
        seed: of the sampling.
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
    """The policy with its own values, or with none where it learned no soft value of each state."""
    learned = tune is not None and tune.learns_soft_values
    return policy if learned and isinstance(policy, ValuedPolicy) else Valueless(policy)


@dataclass(frozen=True)
class Valueless:
    """A policy that expects nothing. Satisfies `smc.ValuedPolicy`."""

    policy: Prior

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.policy.vocab_size

    def initial_state(self, batch: int) -> State:
        """The policy's."""
        return self.policy.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """As the policy does."""
        return self.policy.step(previous, state)

    def step_with_value(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Log pi(.|s) (B, V), a value of 0 for each row, and the new state."""
        log_policy, state = self.policy.step(previous, state)
        return log_policy, log_policy.new_zeros(len(log_policy)), state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """As the policy does."""
        return self.policy.sequence_log_probs(tokens)


def with_best_bound(
    own: Mapping[str, Estimate], beside: Sequence[Mapping[str, Estimate]], mean_length: float
) -> dict[str, Estimate]:
    """Statistics whose gap is that to what is known of log Z.

    In this order: the exact log Z; the policy's own importance-weighted bound where it has an
    interval, with the gap that comes from the same samples; others with an interval; and else all
    bounds at hand. Several are joined by the mean of their estimates of Z, which is a lower bound
    in expectation as each of them is: the highest of them would not be one. Without an interval
    among them the gap has none and is "at least".

    Args:
        own: statistics of a policy.
        beside: those of every policy with the same optimum, its own among them.
        mean_length: tokens of its sequences.
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
    """The log of the mean of estimates of Z, whose errors may hang together in any way.

    Args:
        bounds: log Z by each; without an interval in one there is none.
    """
    value = _log_mean([bound.value for bound in bounds])
    reach = max(bound.reach for bound in bounds)
    return Estimate(value, value - reach, value + reach)


def _log_mean(logs: Sequence[float]) -> float:
    return float(torch.tensor(logs, dtype=torch.float64).logsumexp(0)) - math.log(len(logs))


def log_z_upper(policy: Prior, task: Task, c: float, optimal: SequenceBatch) -> Estimate:
    """An upper bound on log Z from sequences drawn exactly from the optimum.

    Under the optimum the mean of r/c + log p - log pi is log Z + KL(optimum || pi).

    Args:
        policy: pi; the nearer to the optimum, the tighter.
        task: prior and reward.
        c: temperature.
        optimal: independent samples of p(x) exp(r(x)/c) / Z, such as `exact` draws.
    """
    tokens, mask = optimal.tokens, optimal.mask
    mask[:, : len(task.prefix)] = False
    reference = tempered(task.prior.sequence_log_probs(tokens), task.prior_temperature)
    ratio = taken(reference - policy.sequence_log_probs(tokens), tokens).where(mask, 0.0)
    terms = score(task.reward, optimal).sum(1)  # (B, R)
    return mean_of(terms @ task.reward.weights.to(terms) / c + ratio.double().sum(1))


def exact_figures(policy: Prior, task: Task, c: float) -> dict[str, Estimate]:
    """The truth where every sequence can be enumerated, nothing where it cannot.

    Returns:
        `log_z_exact`; `log_z_upper`, which is that and KL(optimum || pi); and
        `kl_to_optimum_per_sequence`, KL(pi || optimum).
    """
    space = enumerable_space(task)
    if space is None:
        return {}
    optimum, log_z = exact_optimum(task, space, c)
    log_policy = along_sequences(space.log_policy(policy.sequence_log_probs))
    figures = {
        "log_z_exact": log_z,
        "log_z_upper": log_z + sequence_kl(optimum, log_policy),
        "kl_to_optimum_per_sequence": sequence_kl(log_policy, optimum),
    }
    return {name: exactly(value) for name, value in figures.items()}


def enumerable_space(task: Task) -> SequenceSpace | None:
    """All sequences of a task; None where they are too many, or all begin with a given prefix."""
    if task.prior.vocab_size**task.length > MOST_ENUMERATED or task.prefix:
        return None
    return SequenceSpace(task.prior.vocab_size, task.length, task.end_token)


def exact_optimum(task: Task, space: SequenceSpace, c: float) -> tuple[Tensor, float]:
    """Log probabilities (V^T,) of p(x) exp(r/c) / Z by code, and log Z."""
    energy = exact_log_prior(task, space) + exact_rewards(task, space) / c
    log_z = energy.logsumexp(0)
    return energy - log_z, float(log_z)


def exact_log_prior(task: Task, space: SequenceSpace) -> Tensor:
    """(V^T,) log p(x) by code, at the objective's prior temperature."""

    def reference(tokens: Tensor) -> Tensor:
        return tempered(task.prior.sequence_log_probs(tokens), task.prior_temperature)

    return along_sequences(space.log_policy(reference))


def exact_rewards(task: Task, space: SequenceSpace) -> Tensor:
    """(V^T,) r(x) by code, whenever it is paid."""
    tokens = enumerate_sequences(space.vocab_size, space.length).tokens
    terms = score(task.reward, cut_at_end(tokens, space.end_token)).sum(1)  # (V^T, R)
    return terms @ task.reward.weights.to(terms)
