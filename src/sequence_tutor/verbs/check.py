"""`check`: does a prior or a reward of one's own keep its promises, and what does it cost?"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sequence_tutor.domain import check_domain, find_domain
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.looking_ahead import declared
from sequence_tutor.sampling.measure import score
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.verbs.tune import AnyPrior, AnyReward

OURS = "sequence_tutor."
"""Begins the modules of domains that are checked by the tests, and not by every call."""

SAMPLES = 512
"""Sequences that the reward is timed on."""

LEAST_SPREAD = 1e-9
"""Below it what a term pays differs by rounding alone."""

MOST_NATS = 700.0
"""Of which odds can be written down."""


@dataclass(frozen=True)
class Strength:
    """How strongly a term is heard.

    Tuned at c, a sequence that a term pays 1 more becomes e^(weight / c) times as likely beside
    another that is as likely under the prior; one that it pays a whole spread more, e^(weight x
    spread / c) times.

    Attributes:
        spread: standard deviation of what it paid the sequences of the prior, unweighted.
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
    """What a sound prior and a sound reward were found to be.

    Attributes:
        terms: name -> what it paid a sequence of the prior on average, unweighted.
        c: the temperature of tuning, which divides the reward.
        strengths: name -> how strongly it is heard at its weight and this c.
        sequences: sampled.
        sampling_seconds: that the prior took for them.
        scoring_seconds: that the reward took for them.
        paid_at_the_end: terms that say that they look ahead; tuning pays them at the last step.
    """

    terms: Mapping[str, float]
    c: float
    strengths: Mapping[str, Strength]
    sequences: int
    sampling_seconds: float
    scoring_seconds: float
    paid_at_the_end: tuple[str, ...] = ()


def check(
    domain: str,
    *,
    prior: AnyPrior | None = None,
    reward: AnyReward | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    rules: PathLike | None = None,
    trust: bool = False,
) -> Checked:
    """Check the prior and the reward that `tune` would take, and time them.

    Of a domain from elsewhere: attributes, statistics, files, what it shows. Of the prior:
    normalised, the same step by step and at once, rows apart, blind to what comes.
    Of the reward: shape, type, finite, nothing beyond the end, the same answer twice, nothing for
    tokens that come later.

    Args:
        domain: such as "melody".
        prior: as `tune` takes it.
        reward: an object in place of the domain's, as `tune` takes it.
        preset: of tuning, whose reward is taken.
        config: TOML file whose table `reward` wins over the preset's.
        rules: Python file with rules of the user's own.
        trust: run a prior of Python that the prior's folder names, see `trust`.

    Raises:
        UserError: the first broken promise, or what cannot be read.
    """
    asked = find_domain(domain)
    if not type(asked).__module__.startswith(OURS):
        check_domain(asked)
    given = Given(prior, optional_path(rules), reward)
    order = open_order(domain, preset, optional_path(config), None, given, trust=trust)
    policy, end_token = order.stored.prior, order.domain.end_token
    check_prior(policy)
    judge = order.reward()
    check_reward(judge, order.domain.vocab_size)
    generator = named_generator(0, "check", device_of(policy))
    begun = time.perf_counter()
    batch = rollout(policy, SAMPLES, order.domain.length, generator, end_token=end_token).batch
    sampled = time.perf_counter()
    paid = score(judge, batch).sum(1)  # (B, R)
    scored = time.perf_counter()
    terms = dict(zip(judge.names, paid.mean(0).tolist(), strict=True))
    c = order.spec.tune.c
    found = zip(judge.names, paid.std(0).tolist(), judge.weights.tolist(), strict=True)
    strengths = {name: strength(spread, weight, c) for name, spread, weight in found}
    seconds = sampled - begun, scored - sampled
    return Checked(terms, c, strengths, len(batch), *seconds, declared(judge))


def strength(spread: float, weight: float, c: float) -> Strength:
    """How strongly a term is heard, from the spread of what it pays the prior's sequences."""
    is_paid_alike = spread < LEAST_SPREAD
    return Strength(
        spread,
        weight,
        _odds(weight / c),
        _odds(weight * spread / c),
        None if is_paid_alike else math.copysign(c / spread, weight),
    )


def _odds(nats: float) -> float:
    return math.exp(min(nats, MOST_NATS))
