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
class Particles:
    """What a run of SMC ends with.

    Attributes:
        batch: K sequences.
        log_weights: (K,) of each, normalised to a mean weight of 1.
        log_z: log of the unbiased estimate of Z.
        resampled: how often.
    """

    batch: SequenceBatch
    log_weights: Tensor
    log_z: float
    resampled: int


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
        threshold: resample where the effective sample size falls below this share of K; 0 never.

    Raises:
        ImpossibleError: every particle has weight 0: the optimum writes nothing of it.
    """
    cloud = _Cloud.begin(policy, task, count, generator.device)
    log_z, resampled = 0.0, 0
    for t in range(task.length):
        if not bool(cloud.alive.any()):
            break
        log_policy, value, cloud.own = policy.step_with_value(cloud.previous, cloud.own)
        log_prior, cloud.prior = task.prior.step(cloud.previous, cloud.prior)
        ahead = value.double().where(cloud.alive & twisted, 0.0)  # (K,)
        weights = cloud.log_weights + ahead
        _refuse_all_impossible(weights, t)
        if t and _effective_share(weights) < threshold:
            log_z += _log_mean(weights)
            rows = _systematic(weights, generator)
            cloud = cloud.chosen(rows, -ahead[rows])
            log_policy, log_prior = log_policy[rows], log_prior[rows]
            resampled += 1
        if t < len(task.prefix):
            cloud.write(t, torch.full_like(cloud.previous, task.prefix[t]), task.end_token)
        else:
            token = sample_tokens(log_policy, generator)
            cloud.write(t, token, task.end_token)
            reference = tempered(log_prior, task.prior_temperature)
            ratio = (reference - log_policy).gather(1, token[:, None]).squeeze(1)  # (K,)
            cloud.earn(ratio.double())
        rows = cloud.writing.nonzero().squeeze(1)  # the others have earned all they will
        if len(rows):
            terms = score(task.reward, cloud.batch[rows])[:, : t + 1].sum(1)  # (rows, R)
            cloud.pay(rows, terms @ task.reward.weights.to(terms) / c)
    _refuse_all_impossible(cloud.log_weights, task.length)
    last = _log_mean(cloud.log_weights)
    return Particles(cloud.batch, cloud.log_weights - last, log_z + last, resampled)


@dataclass
class _Cloud:
    """K particles while they are being written.

    Attributes:
        tokens: (K, T), 0 where nothing is written yet.
        lengths: (K,), T until a particle ends.
        previous: (K,) the last token.
        alive: (K,) bool: whether the particle goes on; `writing` is the same before this token.
        log_weights: (K,) without the twist.
        paid: (K,) the part of them that was paid as reward.
        own: state of the policy; likewise `prior`.
    """

    tokens: Tensor
    lengths: Tensor
    previous: Tensor
    alive: Tensor
    writing: Tensor
    log_weights: Tensor
    paid: Tensor
    own: State
    prior: State

    @classmethod
    def begin(cls, policy: ValuedPolicy, task: Task, count: int, device: torch.device) -> _Cloud:
        """Nothing written yet."""
        alive = torch.ones(count, dtype=torch.bool, device=device)
        return cls(
            tokens=torch.zeros(count, task.length, dtype=torch.int64, device=device),
            lengths=torch.full((count,), task.length, device=device),
            previous=torch.full((count,), policy.vocab_size, device=device),
            alive=alive,
            writing=alive,
            log_weights=torch.zeros(count, dtype=torch.float64, device=device),
            paid=torch.zeros(count, dtype=torch.float64, device=device),
            own=policy.initial_state(count),
            prior=task.prior.initial_state(count),
        )

    @property
    def batch(self) -> SequenceBatch:
        """The sequences as they stand."""
        return SequenceBatch(self.tokens, self.lengths)

    def write(self, t: int, token: Tensor, end_token: int | None) -> None:
        """Put token t (K,) after every particle that goes on."""
        self.tokens[:, t] = token.where(self.alive, 0)
        self.previous, self.writing = token, self.alive
        if end_token is not None:
            ends = self.alive & (token == end_token)
            self.lengths = self.lengths.where(~ends, t + 1)
            self.alive = self.alive & ~ends

    def earn(self, earned: Tensor) -> None:
        """Add what the token just written has earned, (K,)."""
        self.log_weights = self.log_weights + earned.where(self.writing, 0.0)

    def pay(self, rows: Tensor, total: Tensor) -> None:
        """Add what the sequences at `rows` are paid as they stand, beyond what they had before."""
        paid = self.paid.index_put((rows,), total.double())
        self.log_weights, self.paid = self.log_weights + paid - self.paid, paid

    def chosen(self, rows: Tensor, log_weights: Tensor) -> _Cloud:
        """The particles at `rows` (K,), with new weights (K,)."""
        return _Cloud(
            self.tokens[rows],
            self.lengths[rows],
            self.previous[rows],
            self.alive[rows],
            self.writing[rows],
            log_weights,
            self.paid[rows],
            tuple(memory[rows] for memory in self.own),
            tuple(memory[rows] for memory in self.prior),
        )


def _systematic(log_weights: Tensor, generator: torch.Generator) -> Tensor:
    """(K,) rows drawn in proportion to their weights, with one uniform number for all.

    A row of weight zero is never drawn: a point belongs to the first row whose cumulative share is
    above it, and points stay below the last share that rounding leaves.
    """
    count = len(log_weights)
    uniform = torch.rand(1, generator=generator, device=log_weights.device, dtype=torch.float64)
    points = (torch.arange(count, device=log_weights.device) + uniform) / count
    shares = log_weights.softmax(0).cumsum(0)
    return torch.searchsorted(shares, points * (shares[-1] * (1 - 2**-50)), right=True)


def _refuse_all_impossible(log_weights: Tensor, written: int) -> None:
    if bool((log_weights == -torch.inf).all()):
        raise ImpossibleError(
            f"all {len(log_weights)} particles have weight 0 after {written} tokens, expected at "
            "least one that the prior could have written: the policy writes tokens that the prior "
            "never does"
        )


def _effective_share(log_weights: Tensor) -> float:
    """(sum w)^2 / (K sum w^2)."""
    return float(1 / log_weights.softmax(0).square().sum()) / len(log_weights)


def _log_mean(log_weights: Tensor) -> float:
    return float(log_weights.logsumexp(0)) - math.log(len(log_weights))
