"""Sequential Monte Carlo: a tighter bound on log Z, and samples nearer the optimum.

Particles are written token by token by a policy. After each token a particle's weight is what the
optimum would give it so far, p exp(r/c), times a *twist*, an estimate exp(V) of all that is still
to come, over what the policy gave it:

    log w_t = r_t / c + log p(a_t|s_t) - log pi(a_t|s_t) + V(s_t+1) - V(s_t).

With the exact soft values every weight is 1 and one particle is enough; with learned ones the
mean of the weights is still an unbiased estimate of Z, so its logarithm bounds log Z from below in
expectation, and the better the values, the tighter. Resampling where few particles carry the
weight keeps the others from being wasted (Del Moral et al. 2006, section 3.1; twists: Whiteley and
Lee 2014, Eq. 8; for language models: Zhao et al. 2024, Eq. 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models import State
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.sampling.cloud import Cloud
from sequence_tutor.sampling.guide import Guide
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sampling.rollout import sample_tokens
from sequence_tutor.sequences import SequenceBatch


class ImpossibleError(UserError):
    """No particle is left that the optimum could have written."""


@runtime_checkable
class ValuedPolicy(Prior, Protocol):
    """A policy that also says what it expects to earn from here on."""

    def step_with_value(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Log pi(.|s) (B, V) after `previous` (B,), V(s) (B,), and the new state."""


@dataclass(frozen=True)
class Valueless:
    """A policy whose values are 0. Satisfies `ValuedPolicy`.

    Attributes:
        policy: proposes.
    """

    policy: Prior

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.policy.vocab_size

    def initial_state(self, batch: int) -> State:
        """That of the policy."""
        return self.policy.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B, V) after `previous` (B,), and the new state."""
        return self.policy.step(previous, state)

    def step_with_value(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """The same with values (B,) of 0."""
        log_policy, state = self.policy.step(previous, state)
        return log_policy, log_policy.new_zeros(len(log_policy)), state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log-probabilities at every step, tokens (B, T) -> (B, T, V)."""
        return self.policy.sequence_log_probs(tokens)


@dataclass(frozen=True)
class Particles:
    """What a run of SMC ends with.

    Attributes:
        batch: K sequences, those of one group after those of another.
        log_weights: (K,) of each, normalised to a mean weight of 1 in its group.
        log_z: log of the unbiased estimate of Z, the mean of those of the groups.
        resampled: how often a group was.
        group_log_z: (G,) log of each group's own unbiased estimate of Z.
    """

    batch: SequenceBatch
    log_weights: Tensor
    log_z: float
    resampled: int
    group_log_z: Tensor

    def one_of_each(self, generator: torch.Generator) -> SequenceBatch:
        """One sequence of each group, drawn by weight: G sequences, independent of each other.

        Sequence g with the weight exp(group_log_z[g]) estimates means of the optimum without bias,
        up to the common factor Z (Del Moral 2004, Theorem 7.4.2).
        """
        weights = self.log_weights.view(len(self.group_log_z), -1).softmax(1)  # (G, N)
        even = torch.full_like(weights, 1 / weights.shape[1])
        drawn = weights.where(weights.isfinite(), even).multinomial(1, generator=generator)
        first = torch.arange(len(weights), device=drawn.device) * weights.shape[1]
        return self.batch[first + drawn.squeeze(1)]


@torch.no_grad()
def sequential_monte_carlo(
    policy: ValuedPolicy,
    task: Task,
    c: float,
    count: int,
    generator: torch.Generator,
    *,
    twisted: bool = True,
    threshold: float = 0.5,
    groups: int = 1,
    guide: Guide | None = None,
    every: int = 1,
) -> Particles:
    """Run K particles to their ends.

    After each token a particle is paid what its beginning earns more than one token before. The
    payments add up to the whole sequence's reward whatever the reward looks at; one at the end,
    or one that later tokens change, only makes for poorer weights on the way.

    Args:
        policy: proposes tokens; its values are the twists.
        task: prior (at its temperature), reward, length, end token and given tokens of the optimum
            p(x) exp(r(x)/c) / Z.
        c: temperature.
        count: K.
        generator: source of randomness.
        twisted: whether V is used; without it a particle's weight knows only its past.
        threshold: resample a group where its effective sample size falls below this share of it;
            0 never.
        groups: G, a divisor of K; groups are independent runs that share their computation.
        guide: leads the particles to sequences that meet its constraint: Z and the optimum are
            then those of p(x) exp(r(x)/c) over these alone. V counts in proportion to the share of
            the steps to come that are free.
        every: tokens between payments of the reward, and between looks at the weights; all are
            paid in the end. Sequences that may end early are paid after each token.

    Raises:
        ImpossibleError: every particle has weight 0: the optimum writes nothing of it.
    """
    cloud = Cloud.begin(policy, task, count, generator.device)
    if guide is not None:
        cloud.place = guide.first(count).to(generator.device)
    is_prior = isinstance(policy, Valueless) and policy.policy is task.prior
    every = every if task.end_token is None else 1
    log_z, resampled = torch.zeros(groups, dtype=torch.float64, device=generator.device), 0
    for t in range(task.length):
        if not bool(cloud.alive.any()):
            break
        log_policy, value, cloud.own = policy.step_with_value(cloud.previous, cloud.own)
        log_prior = log_policy
        if not is_prior:
            log_prior, cloud.prior = task.prior.step(cloud.previous, cloud.prior)
        ahead = value.double().where(cloud.alive & twisted, 0.0)  # (K,)
        if guide is not None:
            ahead = ahead * guide.free_share(t) + guide.ahead(t, cloud.place, cloud.tokens)
        weights = (cloud.log_weights + ahead).view(groups, -1)  # (G, N)
        poor = weights.new_zeros(0)
        if t % every == 0:
            _refuse_all_impossible(weights, t)
            poor = _effective_share(weights) < threshold  # (G,)
        if t and bool(poor.any()):
            log_z = log_z + _log_mean(weights).where(poor, 0.0)
            rows, kept = _drawn_in_groups(weights, poor, generator), ~poor[:, None]
            cloud = cloud.chosen(
                rows, cloud.log_weights.where(kept.expand_as(weights).flatten(), -ahead[rows])
            )
            log_policy, log_prior = log_policy[rows], log_prior[rows]
            resampled += int(poor.sum())
        if t < len(task.prefix):
            cloud.write(t, torch.full_like(cloud.previous, task.prefix[t]), task.end_token)
        else:
            reference = tempered(log_prior, task.prior_temperature)
            if guide is not None:
                log_policy, places = guide.propose(t, cloud.place, log_policy)
            token = sample_tokens(log_policy, generator)
            if guide is not None:
                cloud.place = places.gather(1, token[:, None]).squeeze(1)
            cloud.write(t, token, task.end_token)
            ratio = (reference - log_policy).gather(1, token[:, None]).squeeze(1)  # (K,)
            cloud.earn(ratio.double())
        rows = cloud.writing.nonzero().squeeze(1)  # the others have earned all they will
        if len(rows) and ((t + 1) % every == 0 or t + 1 == task.length):
            terms = score(task.reward, cloud.batch[rows])[:, : t + 1].sum(1)  # (rows, R)
            cloud.pay(rows, terms @ task.reward.weights.to(terms) / c)
    weights = cloud.log_weights.view(groups, -1)
    _refuse_all_impossible(weights, task.length)
    last = _log_mean(weights)
    log_z = log_z + last
    even = (weights - last[:, None]).nan_to_num(nan=-torch.inf).flatten()
    return Particles(cloud.batch, even, float(_log_mean(log_z)), resampled, log_z)


def _drawn_in_groups(weights: Tensor, poor: Tensor, generator: torch.Generator) -> Tensor:
    """(K,) rows: those of poor groups drawn anew by weights (G, N), the others as they are."""
    rows = torch.arange(weights.numel(), device=weights.device).view_as(weights).clone()
    possible = poor & (weights > -torch.inf).any(1)
    rows[possible] = rows[possible, :1] + _systematic(weights[possible], generator)
    return rows.flatten()


def _systematic(log_weights: Tensor, generator: torch.Generator) -> Tensor:
    """(..., N) places drawn in proportion to weights (..., N), with one uniform number for all N.

    One of weight zero is never drawn: a point belongs to the first place whose cumulative share is
    above it, and points stay below the last share that rounding leaves.
    """
    count, device = log_weights.shape[-1], log_weights.device
    uniform = uniform_numbers(generator, *log_weights.shape[:-1], 1)
    points = (torch.arange(count, device=device) + uniform) / count
    shares = log_weights.softmax(-1).cumsum(-1)
    return torch.searchsorted(shares, points * (shares[..., -1:] * (1 - 2**-50)), right=True)


def _refuse_all_impossible(log_weights: Tensor, written: int) -> None:
    if bool((log_weights == -torch.inf).all()):
        raise ImpossibleError(
            f"all {log_weights.numel()} particles have weight 0 after {written} tokens, expected "
            "at least one that the prior could have written: the policy writes tokens that the "
            "prior never does"
        )


def _effective_share(log_weights: Tensor) -> Tensor:
    """(sum w)^2 / (N sum w^2) of groups (G, N); (G,), 1 where no weight is above 0."""
    share = 1 / log_weights.softmax(-1).square().sum(-1) / log_weights.shape[-1]
    return share.nan_to_num(nan=1.0)


def _log_mean(log_weights: Tensor) -> Tensor:
    """Over the last axis."""
    return log_weights.logsumexp(-1) - math.log(log_weights.shape[-1])
