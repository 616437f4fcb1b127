"""Sampling the optimum under a constraint, without tuning: several particles a candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import sequence_hashes
from sequence_tutor.evaluation.bounds import valued
from sequence_tutor.evaluation.model import Model
from sequence_tutor.prior.neural import tempered
from sequence_tutor.progress import Advance
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import UnknownReward, without_weights
from sequence_tutor.sampling.guide import Guide, PaidByState
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.smc import ValuedPolicy, Valueless, sequential_monte_carlo
from sequence_tutor.sampling.tutoring import TutoredPolicy
from sequence_tutor.sequences import SequenceBatch

PARTICLES = 64
"""Of a candidate."""

MOST_AT_ONCE = 32
"""Candidates that are written together."""

PATIENCE = 4
"""Times without a new sequence after which there are taken to be no more."""

PAID_EVERY = 4
"""Tokens between payments of the reward."""


@dataclass(frozen=True)
class Candidates:
    """Distinct sequences of the optimum.

    Attributes:
        batch: N sequences in the order of sampling, fewer than asked for where no more came.
        log_z_bound: log of the mean of all unbiased estimates of Z; in expectation <= log Z.
        effective: how many independent candidates all those drawn are worth.
        drawn: how many were drawn.
    """

    batch: SequenceBatch
    log_z_bound: float
    effective: float
    drawn: int


def candidates(
    model: Model,
    guide: Guide,
    reward: Reward | None,
    c: float,
    count: int,
    generator: torch.Generator,
    advance: Advance,
    particles: int = PARTICLES,
    strength: float = 1.0,
    variety: float = 1.0,
    *,
    groups: int | None = None,
    again: bool = True,
) -> Candidates:
    """Sequences of p(x) exp(strength r(x)/c) among those that a guide leads to.

    Each candidate has particles of its own, so that candidates are independent of each other. It
    is drawn by their weights, and candidates are drawn anew by their groups' estimates of Z.

    Args:
        model: proposes; its values are twists if it learned soft ones.
        guide: leads to sequences that meet a constraint.
        reward: r; None: nothing is rewarded.
        c: temperature.
        count: distinct sequences to draw.
        generator: source of randomness.
        advance: called with the number of new sequences.
        particles: of a candidate.
        strength: of the reward, and of what a tuned model learned; 0 is the prior.
        variety: temperature of all that; below 1 the likelier sequences come more often.
        groups: candidates written together; None: twice as many as asked for, at most 32.
        again: whether one may be drawn several times, as independent draws are; else those written
            are drawn without replacement, which takes less time where their weights differ much.

    Raises:
        ImpossibleError: the prior writes none of them.
    """
    task = task_of(model, guide, reward if strength else None, variety)
    guide = guide.listening(task.prior, generator)
    policy = _proposal(model, strength, variety)
    c = c * variety / (strength or 1.0)
    guide = led(guide, model, task.reward, c)
    groups = groups or min(2 * count, MOST_AT_ONCE)
    seen: set[int] = set()
    kept: list[list[int]] = []
    estimates: list[Tensor] = []
    idle = 0
    while len(kept) < count and idle < PATIENCE:
        cloud = sequential_monte_carlo(
            policy,
            task,
            c,
            groups * particles,
            generator,
            groups=groups,
            guide=guide,
            every=PAID_EVERY,
        )
        estimates.append(cloud.group_log_z)
        rows = _drawn(cloud.group_log_z, generator, again=again)
        batch, before = cloud.one_of_each(generator)[rows], len(kept)
        for row, number in zip(batch.to_lists(), sequence_hashes(batch).tolist(), strict=True):
            if number not in seen and len(kept) < count:
                seen.add(number)
                kept.append(row)
        advance(len(kept) - before)
        idle = 0 if len(kept) > before else idle + 1
    log_z = torch.cat(estimates)
    mean = float(log_z.logsumexp(0) - torch.tensor(float(len(log_z))).log())
    effective = float(1 / log_z.softmax(0).square().sum())
    return Candidates(SequenceBatch.from_lists(kept), mean, effective, len(log_z))


def _drawn(log_z: Tensor, generator: torch.Generator, *, again: bool) -> Tensor:
    """(G,) groups in the order in which they are drawn by their estimates of Z (G,).

    Without replacement it is that of log weights plus Gumbel noise (Efraimidis and Spirakis 2006);
    a group of weight 0 comes after all others, or not at all.
    """
    if again:
        return log_z.softmax(0).multinomial(len(log_z), replacement=True, generator=generator)
    noise = torch.empty_like(log_z).exponential_(generator=generator).log()
    order = (log_z - noise).argsort(descending=True)
    return order[log_z[order] > -torch.inf]


def led(guide: Guide, model: Model, reward: Reward, c: float) -> Guide:
    """The guide, which also leads a prior to what is paid by the state; tuned models know it."""
    own = without_weights(reward)
    if model.tune is not None or not isinstance(own, PaidByState):
        return guide
    weights = dict(zip(reward.names, reward.weights.tolist(), strict=True))
    return guide.paying(own.by_state(guide.length, weights) / c)


def task_of(model: Model, guide: Guide, reward: Reward | None, variety: float = 1.0) -> Task:
    """What is sampled: the prior at the temperature that it was tuned at, and a reward."""
    task = Task(model.stored.prior, reward or UnknownReward(), guide.length, model.domain.end_token)
    tuned_at = 1.0 if model.tune is None else model.tune.prior_temperature
    return replace(task, prior_temperature=tuned_at * variety)


def _proposal(model: Model, strength: float, variety: float) -> ValuedPolicy:
    """What writes: at its own strength and temperature the model with the values it learned."""
    policy = model.policy
    if model.tune is not None and strength != 1:
        policy = TutoredPolicy(model.stored.prior, policy, strength, model.own)
    if strength == 1 and variety == 1:
        return valued(policy, model.tune)
    return Valueless(tempered(policy, variety))
