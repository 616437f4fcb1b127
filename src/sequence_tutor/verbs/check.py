"""`check`: a prior or reward of the user's own against its contract, and the time it takes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequence_tutor.config.presets import merged
from sequence_tutor.domain import check_domain, find_domain
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.looking_ahead import declared
from sequence_tutor.reward.protocol import shares_of
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.sampling.measure import score
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.tracking.check import check_logger
from sequence_tutor.tracking.registry import AnyLogger
from sequence_tutor.tracking.trackers import Tracker
from sequence_tutor.tuner.callbacks import Callback
from sequence_tutor.tuner.check_callback import check_callback
from sequence_tutor.tuner.exploration import Explores
from sequence_tutor.tuner.extensions import Extensions, MakesSampler
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.verbs.tune import AnyPrior, AnyReward

SAMPLES = 512  # sequences that the reward is timed on
LEAST_SPREAD = 1e-9  # below it payments of a term differ by rounding alone
MOST_NATS = 700.0  # larger odds overflow


@dataclass(frozen=True)
class Strength:
    """The effect of a term on the tuned policy.

    Of two sequences that are equally likely under the prior, tuning at c makes the one that a term
    pays 1 more e^(weight / c) times as likely, and one paid a spread more e^(weight x spread / c)
    times.

    Attributes:
        spread: standard deviation of its payments to sequences of the prior, unweighted.
        weight: its weight.
        odds: e^(weight / c), of one point.
        odds_of_a_spread: e^(weight x spread / c).
        proposed: the weight at which a spread is worth 1 nat, so that its odds are e; None where
            every sequence of the prior is paid the same.
    """

    spread: float
    weight: float
    odds: float
    odds_of_a_spread: float
    proposed: float | None


@dataclass(frozen=True)
class Checked:
    """Measurements of a prior and a reward that keep their contracts.

    Attributes:
        terms: name -> its mean payment to a sequence of the prior, unweighted.
        c: the temperature of tuning, which divides the reward.
        strengths: name -> its effect at its weight and this c.
        sequences: number sampled, in `sampling_seconds`, and scored, in `scoring_seconds`.
        paid_at_the_end: terms that declare that they look ahead; tuning pays them at the last step.
        aims: rows that are aimed at.
        aims_alone: whether nothing else is paid, so that weights and c have no effect.
    """

    terms: Mapping[str, float]
    c: float
    strengths: Mapping[str, Strength]
    sequences: int
    sampling_seconds: float
    scoring_seconds: float
    paid_at_the_end: tuple[str, ...] = ()
    aims: tuple[str, ...] = ()
    aims_alone: bool = False


def check(
    domain: str,
    *,
    prior: AnyPrior | None = None,
    reward: AnyReward | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    aims: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    executor: str | None = None,
    log_to: Sequence[AnyLogger] = (),
    callbacks: Sequence[Callback] = (),
    sampler: MakesSampler | None = None,
    exploration: Explores | None = None,
    trust: bool = False,
) -> Checked:
    """Check the prior and the reward that `tune` would take, and time them.

    Checked of a domain of another package: attributes, statistics, files, exhibit. Of the prior:
    normalised, equal step by step and at once, rows independent, no dependence on later tokens. Of
    the reward: shape, type, finite, 0 beyond the end, deterministic, no dependence on later tokens.
    Of a sampler, an exploration, callbacks and loggers, also those that the settings name: see
    `check_sampler`, `check_exploration`, `check_callback` and `check_logger`. Trackers are not
    checked, because they would show a run.

    Args:
        prior: as for `tune`, like all other arguments.

    Raises:
        UserError: the first violation, or a file that cannot be read.
    """
    asked = find_domain(domain)
    if not type(asked).__module__.startswith("sequence_tutor."):  # our tests check ours
        check_domain(asked)
    extensions = Extensions(sampler, exploration, callbacks, log_to)
    given = Given(prior, rules_file(rules), reward, extensions=extensions)
    overrides = with_executor(None if aims is None else {"aims": aims}, executor)
    overrides = merged(overrides, extensions.named())
    file = optional_path(config)
    order = open_order(domain, preset, file, overrides, given, weighs=True, trust=trust)
    policy = order.stored.prior
    check_prior(policy)
    judge = order.reward()
    check_reward(judge, order.domain.vocab_size)
    order.check_aims(judge)
    found = order.check_extensions()
    for callback in found.callbacks:
        check_callback(callback)
    for logger in found.log_to:
        if not isinstance(logger, Tracker):
            check_logger(logger)
    generator, task = named_generator(0, "check", device_of(policy)), order.task(judge)
    begun = time.perf_counter()
    batch = rollout(policy, SAMPLES, task.length, generator, end_token=task.end_token).batch
    sampled = time.perf_counter()
    paid = score(judge, batch).sum(1)  # (B, R)
    scored = time.perf_counter()
    tune, within = order.spec.tune, shares_of(judge)  # what a mean is made of pays through it alone
    means = zip(judge.names, paid.mean(0).tolist(), strict=True)
    terms = {name: mean for name, mean in means if name not in within}
    spreads = zip(judge.names, paid.std(0).tolist(), judge.weights.tolist(), strict=True)
    strengths = {
        name: strength(spread, weight, tune.c)
        for name, spread, weight in spreads
        if name not in within
    }
    seconds = sampled - begun, scored - sampled
    rows = tuple(aim.row for aim in tune.aims)
    late, alone = declared(judge), bool(rows) and tune.aims_alone
    return Checked(terms, tune.c, strengths, len(batch), *seconds, late, rows, alone)


def strength(spread: float, weight: float, c: float) -> Strength:
    """The effect of a term, from the spread of its payments to the prior's sequences."""
    odds, of_a_spread = (
        math.exp(min(nats, MOST_NATS)) for nats in (weight / c, weight * spread / c)
    )
    proposed = None if spread < LEAST_SPREAD else math.copysign(c / spread, weight)
    return Strength(spread, weight, odds, of_a_spread, proposed)
