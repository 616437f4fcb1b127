"""Baselines without training: the whole budget is sampled from the prior, and the best kept.

Both methods have a bound on their divergence from the prior, and so on their objective:

- best of n: KL to the prior is at most log n - (n - 1) / n (Beirami et al. 2024, theorem 3.1), so
  the objective is at least E[best r / c] - log n + (n - 1) / n;
- sampling-importance-resampling (Rubin 1987) of N: the objective of one draw is at least
  E[log mean exp(r / c)] (Cremer et al. 2017, section 2), which the pool itself estimates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.domain.fingerprints import distinct_share, sequence_hashes
from sequence_tutor.estimates import (
    Estimate,
    RatioOfSums,
    difference,
    divided,
    exactly,
    mean_of,
    wilson,
    within,
    without_ends,
)
from sequence_tutor.sampling.importance import ImportanceWeights
from sequence_tutor.sampling.measure import Task, measure
from sequence_tutor.sequences import SequenceBatch

FEWEST_GROUPS = 64
"""The least number of groups for best of n, so that n is not chosen by chance."""


@dataclass(frozen=True)
class Pool:
    """Sequences of the prior and their rewards.

    Attributes:
        tokens: (N, T) int32.
        lengths: (N,).
        terms: (N, R) unscaled rewards of whole sequences.
        reward: (N,) their weighted sum.
        log_prior: (N,) log p(x).
        chosen: (N,) number of tokens that were chosen, not given.
    """

    tokens: Tensor
    lengths: Tensor
    terms: Tensor
    reward: Tensor
    log_prior: Tensor
    chosen: Tensor

    def __len__(self) -> int:
        return len(self.reward)

    def batch(self, rows: Tensor) -> SequenceBatch:
        """The sequences at `rows` (B,)."""
        return SequenceBatch(self.tokens[rows].long(), self.lengths[rows])


def sample_pool(
    task: Task,
    count: int,
    generator: torch.Generator,
    advance: Callable[[int], None] = lambda _: None,
) -> Pool:
    """Sample and score `count` sequences of the prior."""
    tokens, others = [], []
    for part in measure(task.prior, task, count, generator):
        missing = task.length - part.batch.tokens.shape[1]
        tokens.append(F.pad(part.batch.tokens, (0, missing)).int())
        terms = part.terms.sum(1)  # (B, R)
        reward = terms @ task.reward.weights.to(terms)
        log_prior = part.log_prior.double().sum(1)
        others.append((part.batch.lengths, terms, reward, log_prior, part.chosen))
        advance(len(part.batch))
    return Pool(torch.cat(tokens), *(torch.cat(column) for column in zip(*others, strict=True)))


def best_of(reward: Tensor, n: int) -> Tensor:
    """Row of the highest reward (N,) in each whole group of n, (N // n,)."""
    groups = reward[: len(reward) // n * n].view(-1, n)
    return groups.argmax(1) + n * torch.arange(len(groups), device=reward.device)


def best_of_kl(n: int) -> float:
    """Upper bound on KL(best of n || prior) in nats per sequence."""
    return math.log(n) - (n - 1) / n


def best_n(reward: Tensor, c: float) -> int:
    """The power of two whose best of n has the highest objective at c, of rewards (N,)."""
    most = max(len(reward) // FEWEST_GROUPS, 1)
    powers = [1 << power for power in range(most.bit_length())]

    def objective(n: int) -> float:
        return float(reward[best_of(reward, n)].mean()) / c - best_of_kl(n)

    return max(powers, key=objective)


def resample(reward: Tensor, c: float, count: int, generator: torch.Generator) -> Tensor:
    """(count,) rows drawn with replacement in proportion to exp(r / c), rewards (N,)."""
    return (reward / c).softmax(0).multinomial(count, replacement=True, generator=generator)


def best_of_statistics(pool: Pool, names: tuple[str, ...], c: float, n: int) -> dict[str, Estimate]:
    """Statistics of the best of n, at the bound of their divergence; names as in every table."""
    rows = best_of(pool.reward, n)
    gained = divided(mean_of(pool.reward[rows]), c)
    kl = exactly(best_of_kl(n))
    return {
        **_selected(pool, names, rows),
        **_distance(pool, rows, kl, difference(gained, kl)),
        "log_z_bound": _log_z(pool, c),
        "n": Estimate(n, n, n),
    }


def resampled_statistics(
    pool: Pool, names: tuple[str, ...], c: float, rows: Tensor
) -> dict[str, Estimate]:
    """Statistics of importance resampling, at the bound of its objective.

    Intervals of reward, terms and likelihood are those of the draw from a fixed pool; that of the
    divergence includes the choice of the pool.
    """
    objective = _log_z(pool, c)
    drawn = divided(mean_of(pool.reward[rows]), c)
    kl = difference(drawn, within(objective.value, _divergence_error(pool, c)))
    return {
        **_selected(pool, names, rows),
        **_distance(pool, rows, kl, objective),
        "log_z_bound": objective,
    }


def _selected(pool: Pool, names: tuple[str, ...], rows: Tensor) -> dict[str, Estimate]:
    log_prior = RatioOfSums()
    log_prior.update(pool.log_prior[rows], pool.chosen[rows])
    distinct = distinct_share(sequence_hashes(pool.batch(rows)))
    return {
        "reward_per_sequence": mean_of(pool.reward[rows]),
        **{
            f"reward_{name}": mean_of(column)
            for name, column in zip(names, pool.terms[rows].unbind(1), strict=True)
        },
        "log_prior_per_token": log_prior.estimate(),
        "distinct": wilson(distinct, len(rows)),
    }


def _distance(pool: Pool, rows: Tensor, kl: Estimate, objective: Estimate) -> dict[str, Estimate]:
    """Divergence and objective, whole and by token."""
    return {
        "kl_to_prior_per_token": divided(kl, mean_length(pool, rows)),
        "kl_to_prior_per_sequence": kl,
        "objective_per_sequence": objective,
    }


def mean_length(pool: Pool, rows: Tensor) -> float:
    """Mean number of tokens chosen in the sequences at `rows`."""
    return float(pool.chosen[rows].double().mean())


def _log_z(pool: Pool, c: float) -> Estimate:
    """The importance-weighted bound of the prior itself, whose weights are exp(r / c)."""
    weights = ImportanceWeights()
    weights.update(pool.reward / c)
    figures = weights.result()
    if not figures.can_be_trusted:
        return without_ends(figures.log_z_bound)
    return within(figures.log_z_bound, figures.log_z_error)


def _divergence_error(pool: Pool, c: float) -> float:
    """The pool's part in the standard error of E[r/c] - log mean exp(r/c).

    Both terms come from the same sequences, so their errors do not simply add up. By the delta
    method, with w = exp(r/c) over its mean and m the mean of r/c weighted by w, one sequence moves
    the difference by w (r/c - m) - (w - 1), a number of mean zero, over N.
    """
    earned = pool.reward.double() / c
    weight = earned.softmax(0) * len(earned)  # of mean 1
    centre = (weight * earned).mean()
    moved = weight * (earned - centre) - (weight - 1)
    return float((moved.square().mean() / len(earned)).sqrt())
