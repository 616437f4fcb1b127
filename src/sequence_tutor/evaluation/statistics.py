"""Statistics of any domain over streamed samples, each with a 95 % interval.

Memory is bounded: sequences are compared by 64-bit hashes, of which 2^20 are kept; everything else
is sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sequence_tutor.config.settings import check_least
from sequence_tutor.domain.fingerprints import WINDOW, are_among, sequence_hashes
from sequence_tutor.estimates import (
    UNDEFINED,
    Estimate,
    Mean,
    Proportion,
    RatioOfSums,
    divided,
    within,
    without_ends,
)
from sequence_tutor.evaluation.variety import distinct
from sequence_tutor.sampling.importance import ImportanceWeights
from sequence_tutor.sampling.measure import Measured

FEWEST = 2
"""Samples for an interval."""

MOST_COMPARED = 2**20
"""`distinct` compares at most so many sequences with each other: the first ones."""

OPTIMALITY = (
    "objective_per_sequence",
    "log_z_bound",
    "gap_per_sequence",
    "gap_per_token",
    "effective_sample_size",
    "effective_sequences",
    "pareto_k",
)
"""Statistics of the objective at gamma = 1."""


def check_samples(samples: int) -> None:
    """Refuse too few samples for an interval.

    Raises:
        UserError: they are.
    """
    check_least(FEWEST, samples=samples)


class GeneralStatistics:
    """Gathers the statistics that are reported for every policy, whatever its domain.

    - `reward_per_sequence`: sum of the weighted rewards; `reward_NAME`: of one rule, unweighted.
    - `log_prior_per_token`, `kl_to_prior_per_token`, `entropy_per_token`: in nats; the divergence
      is exact at each visited state, and neither is estimated from the sampled token. Sums over
      tokens divided by how many there are, so a long sequence weighs more than a short one.
    - `kl_to_prior_per_sequence`: the same divergence summed over a sequence, end token included;
      its mean is KL(pi || p) between whole sequences.
    - `distinct`: the share of distinct sequences among the first 2^20. It falls as more are
      sampled; its interval is Wilson's for independent sequences, and so only a guide.
    - `in_training_data`: the share of sequences that occur unchanged in the training data,
      beginning at a bar line; defined for sequences of `WINDOW` tokens.
    - At gamma = 1, whatever gamma was learned with: `objective_per_sequence`, `log_z_bound`, the
      gap between them as `gap_per_sequence` and, divided by the mean length, `gap_per_token`. Bound
      and gap have intervals only if many sequences determine them and the weights have a light
      tail. `effective_sequences` (as a share of the samples: `effective_sample_size`) and
      `pareto_k` measure this and have no interval. Otherwise they are marked "at least".

    Args:
        names: the reward's terms.
        weights: (R,) of them.
        c: temperature of the objective; None: the statistics at gamma = 1 are undefined.
        fingerprints: (W,) sorted hashes of the training data's windows, or None.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        weights: Tensor,
        c: float | None = None,
        fingerprints: Tensor | None = None,
    ) -> None:
        self._weights = weights
        self._c = c
        self._fingerprints = fingerprints
        self._reward = Mean()
        self._terms = {name: Mean() for name in names}
        self._log_prior, self._kl, self._entropy = RatioOfSums(), RatioOfSums(), RatioOfSums()
        self._whole_kl, self._chosen = Mean(), Mean()
        self._copied = Proportion()
        self._importance = ImportanceWeights()
        self._hashes: list[Tensor] = []
        self._compared = 0

    def update(self, measured: Measured) -> None:
        """Add a batch."""
        lengths = measured.chosen
        terms = measured.terms.sum(1)  # (B, R)
        reward = terms @ self._weights.to(terms)  # (B,)
        self._reward.update(reward)
        for mean, column in zip(self._terms.values(), terms.unbind(1), strict=True):
            mean.update(column)
        log_prior = measured.log_prior.double().sum(1)  # (B,)
        self._log_prior.update(log_prior, lengths)
        kl = measured.kl.sum(1)  # (B,)
        self._kl.update(kl, lengths)
        self._whole_kl.update(kl)
        self._chosen.update(lengths)
        self._entropy.update(measured.entropy.sum(1), lengths)
        if self._c is not None:
            log_policy = measured.log_policy.double().sum(1)
            log_reference = measured.log_reference.double().sum(1)
            self._importance.update(reward / self._c + log_reference - log_policy)
        self._compare(measured)

    def result(self) -> dict[str, Estimate]:
        """Every statistic so far."""
        return {
            "reward_per_sequence": self._reward.estimate(),
            **{f"reward_{name}": mean.estimate() for name, mean in self._terms.items()},
            "log_prior_per_token": self._log_prior.estimate(),
            "kl_to_prior_per_token": self._kl.estimate(),
            "kl_to_prior_per_sequence": self._whole_kl.estimate(),
            "entropy_per_token": self._entropy.estimate(),
            "distinct": self._distinct(),
            "in_training_data": self._copied.estimate(),
            **self._optimality(),
        }

    def _compare(self, measured: Measured) -> None:
        batch = measured.batch
        if self._compared < MOST_COMPARED:
            self._hashes.append(sequence_hashes(batch)[: MOST_COMPARED - self._compared])
            self._compared += len(self._hashes[-1])
        if self._fingerprints is not None and bool((batch.lengths == WINDOW).all()):
            self._copied.update(are_among(batch, self._fingerprints))

    def _distinct(self) -> Estimate:
        if not self._hashes:
            return UNDEFINED
        return distinct(torch.cat(self._hashes))

    def _optimality(self) -> dict[str, Estimate]:
        if self._importance.count == 0:
            return dict.fromkeys(OPTIMALITY, UNDEFINED)
        figures = self._importance.result()
        share = figures.effective_sample_size / self._importance.count
        gap, bound = without_ends(figures.gap), without_ends(figures.log_z_bound)
        if figures.can_be_trusted:
            gap = within(figures.gap, figures.gap_error)
            bound = within(figures.log_z_bound, figures.log_z_error)
        return {
            "objective_per_sequence": within(figures.objective, figures.objective_error),
            "log_z_bound": bound,
            "gap_per_sequence": gap,
            "gap_per_token": divided(gap, self.mean_length),
            "effective_sample_size": without_ends(share),
            "effective_sequences": without_ends(figures.effective_sample_size),
            "pareto_k": without_ends(
                figures.pareto_k if math.isfinite(figures.pareto_k) else math.nan
            ),
        }

    @property
    def mean_length(self) -> float:
        """Mean number of tokens chosen in a sequence."""
        return self._chosen.estimate().value


def is_unpaid(name: str, found: Sequence[Estimate]) -> bool:
    """Whether it is a part of the reward that pays no model anything."""
    is_part = name.startswith("reward_") and name != "reward_per_sequence"
    return is_part and all(one.value == one.low == one.high == 0 for one in found)
