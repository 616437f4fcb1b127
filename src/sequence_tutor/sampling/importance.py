"""How close a policy is to the optimum at gamma = 1, by the importance weights of its samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.objectives.pareto import LARGEST, pareto_k

FEWEST_EFFECTIVE, MOST_K = 100.0, 0.5
"""Below so many effective sequences, or with a heavier tail, a bound on log Z has no interval: the
delta method's held the truth in 42 to 91 % of simulated samples there, see the tests."""


@dataclass(frozen=True)
class Optimality:
    """How close pi is to p(x) exp(r/c) / Z, from N sampled sequences, in nats per sequence.

    The errors are standard errors by the delta method. They hold where `can_be_trusted`; elsewhere
    log Z may lie far above its bound, and the bound and the gap are at least what they are.

    Attributes:
        objective: E_pi[r/c + log p - log pi], which is log Z - KL(pi || optimum).
        log_z_bound: log mean w, whose expectation is at most log Z.
        effective_sample_size: (sum w)^2 / sum w^2, in sequences of the N.
        objective_error: of `objective`; likewise `log_z_error` and `gap_error`.
        pareto_k: shape of the tail of the weights, see `objectives.pareto`.
    """

    objective: float
    log_z_bound: float
    effective_sample_size: float
    objective_error: float = math.nan
    log_z_error: float = math.nan
    gap_error: float = math.nan
    pareto_k: float = math.inf

    @property
    def gap(self) -> float:
        """The objective's distance to the bound: KL(pi || optimum) is at least about this."""
        return self.log_z_bound - self.objective

    @property
    def can_be_trusted(self) -> bool:
        """Whether enough sequences carry the weight, and none of those unseen will carry most."""
        return self.effective_sample_size >= FEWEST_EFFECTIVE and self.pareto_k <= MOST_K


class ImportanceWeights:
    """The weights w = exp(r/c) p(x) / pi(x) of sampled sequences, streaming.

    Keeps N and five sums: of l = log w, of l^2, and of w, w^2 and w l relative to the largest w so
    far, so that nothing overflows however large the weights are; and the largest few thousand.

    A sequence that the prior never writes has w = 0, log w = -inf: it counts in the mean of w,
    while the mean of log w is -inf from then on and its errors are undefined.
    """

    def __init__(self) -> None:
        self.count = 0
        self._largest = -math.inf  # the largest l
        self._tail = torch.zeros(0, dtype=torch.float64)  # the largest few thousand
        # of l - l_0 and its square, where l_0 is the first mean
        self._log_sums: tuple[float, ...] = (0.0, 0.0)
        self._first_mean = 0.0
        # of w, w^2 and w (l - l_0), where w is relative
        self._sums: tuple[float, ...] = (0.0, 0.0, 0.0)

    def update(self, log_weights: Tensor) -> None:
        """Add the log w = r/c + log p(x) - log pi(x) of a batch, (B,) with B > 0."""
        if log_weights.dim() != 1 or len(log_weights) == 0:
            raise ValueError(f"log_weights must be (B,) with B > 0, got {tuple(log_weights.shape)}")
        log_weights = log_weights.double()
        possible = log_weights > -torch.inf  # (B,)
        if self.count == 0:
            self._first_mean = log_weights[possible].mean().nan_to_num().item()
        self.count += len(log_weights)
        tail = torch.cat([self._tail, log_weights.detach().cpu()])
        self._tail = tail.topk(min(len(tail), LARGEST + 1)).values
        self._rescale(log_weights.max().item())
        weights = (log_weights - self._largest).exp().where(possible, 0.0)
        centred = log_weights - self._first_mean  # so that the variance does not cancel
        mixed = (weights * centred).where(possible, 0.0)
        self._log_sums = _plus(self._log_sums, (centred, centred.square()))
        self._sums = _plus(self._sums, (weights, weights.square(), mixed))

    def result(self) -> Optimality:
        """The figures so far (Kong 1992 for the effective sample size)."""
        n = self.count
        if n == 0:
            raise ValueError("no weights yet")
        mean, mean_square = (part / n for part in self._log_sums)
        total, squares, mixed = self._sums
        if total == 0:  # the prior writes none of them
            return Optimality(-math.inf, -math.inf, 0.0)
        size = total**2 / squares
        log_variance = mean_square - mean**2
        weight_variance = n / size - 1  # of w / mean w
        covariance = mixed / total - mean
        return Optimality(
            objective=self._first_mean + mean,
            log_z_bound=math.log(total / n) + self._largest,
            effective_sample_size=size,
            objective_error=_root(log_variance / n),
            log_z_error=_root(weight_variance / n),
            gap_error=_root((weight_variance + log_variance - 2 * covariance) / n),
            pareto_k=pareto_k(self._tail, n),
        )

    def _rescale(self, largest: float) -> None:
        """Make the sums relative to a larger weight."""
        if largest > self._largest:
            factor = math.exp(self._largest - largest)
            total, squares, mixed = self._sums
            self._sums = (total * factor, squares * factor**2, mixed * factor)
            self._largest = largest


def optimality(log_weights: Tensor) -> Optimality:
    """Optimality at gamma = 1 from the log weights (N,) of sampled sequences."""
    weights = ImportanceWeights()
    weights.update(log_weights)
    return weights.result()


def _plus(sums: tuple[float, ...], batches: tuple[Tensor, ...]) -> tuple[float, ...]:
    return tuple(s + batch.sum().item() for s, batch in zip(sums, batches, strict=True))


def _root(variance: float) -> float:
    """The square root, where rounding may have left a variance just below zero."""
    return math.sqrt(max(variance, 0.0))
