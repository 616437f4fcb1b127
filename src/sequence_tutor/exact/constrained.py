"""The distribution nearest to a prior that meets constraints on expectations, exactly.

    minimise KL(pi || p)   subject to   E_pi[phi_i] >= b_i for all i,   and D_N(pi) >= d

Its optimum without the last constraint is p(x) exp(sum_i lambda_i phi_i(x)) / Z(lambda), and lambda
maximises the concave dual  g(lambda) = lambda . b - log Z(lambda)  over lambda >= 0, whose gradient
is b - E[phi] (Csiszar 1975, I-divergence geometry of probability distributions and minimization
problems). D_N(pi) = sum_x (1 - (1 - pi(x))^N) / N is the expected share of distinct sequences among
N draws; it is concave, with derivative (1 - pi(x))^(N-1), so with its multiplier mu the optimum
satisfies

    log pi(x) - mu (1 - pi(x))^(N-1) = log p(x) + sum_i lambda_i phi_i(x) - const.

By weak duality no g(lambda) exceeds the divergence of any feasible pi, and no pi has a divergence
above max_x -log p(x). A dual above that proves that no distribution meets all constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.exact.distinct import expected_distinct, spread
from sequence_tutor.exact.finite_state import FiniteProblem, finite_hard_optimum
from sequence_tutor.exact.optimum import sequence_kl

Dual = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
"""Multipliers -> the dual's value and its gradient, bound minus expectation for each."""


@dataclass(frozen=True)
class Distinct:
    """A lower bound on the expected share of distinct sequences among N draws.

    Attributes:
        draws: N.
        share: d, 0 to 1.
    """

    draws: int
    share: float


@dataclass(frozen=True)
class Solution:
    """The maximum of a dual.

    Attributes:
        multipliers: (K,), in nats for one unit of each constraint's expectation.
        slack: (K,) expectation minus bound; below 0 the constraint is violated.
        divergence: KL(pi || p) in nats a sequence.
        gap: divergence minus the dual: if every slack is 0 or more, the divergence exceeds the
            smallest possible one by at most this.
        feasible: whether some distribution meets all constraints.
    """

    multipliers: Tensor
    slack: Tensor
    divergence: float
    gap: float
    feasible: bool


@dataclass(frozen=True)
class ConstrainedOptimum(Solution):
    """The optimum over an enumerated space.

    Attributes:
        log_probs: (N,), log pi(x) of every sequence.
    """

    log_probs: Tensor


def constrained_optimum(
    log_prior: Tensor, features: Tensor, bounds: Tensor, distinct: Distinct | None = None
) -> ConstrainedOptimum:
    """The nearest distribution to a prior over sequences that can be enumerated.

    Args:
        log_prior: (N,), log p(x); -inf for sequences of probability 0.
        features: (K, N), phi_i(x).
        bounds: (K,), b_i.
        distinct: one more constraint; its multiplier is then the last.

    Raises:
        ValueError: shapes that do not fit.
    """
    if features.dim() != 2 or bounds.shape != features.shape[:1]:
        raise ValueError(
            f"expected features (K, N) and bounds (K,), got {tuple(features.shape)} and "
            f"{tuple(bounds.shape)}"
        )
    log_prior, features, bounds = log_prior.double(), features.double(), bounds.double()
    support = log_prior > -torch.inf

    def at(multipliers: NDArray[np.float64]) -> Tensor:
        weights = torch.from_numpy(multipliers[: len(bounds)])
        energy = log_prior + weights @ features
        if distinct is None:
            return energy.log_softmax(0)
        return spread(energy, float(multipliers[-1]), distinct.draws)

    def expectations(log_probs: Tensor) -> Tensor:
        means = features @ log_probs.exp()
        if distinct is None:
            return means
        return torch.cat([means, expected_distinct(log_probs, distinct.draws)[None]])

    every = bounds if distinct is None else torch.cat([bounds, bounds.new_tensor([distinct.share])])

    def dual(multipliers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_probs = at(multipliers)
        missed = every - expectations(log_probs)
        value = sequence_kl(log_probs, log_prior) + float(torch.from_numpy(multipliers) @ missed)
        return value, missed.numpy()

    most = float(-log_prior[support].min())
    multipliers, feasible = maximise(dual, len(every), most)
    log_probs = at(multipliers)
    value, missed = dual(multipliers)
    divergence = sequence_kl(log_probs, log_prior)
    return ConstrainedOptimum(
        torch.from_numpy(multipliers),
        torch.from_numpy(-missed),
        divergence,
        divergence - value,
        feasible,
        log_probs,
    )


def finite_constrained_optimum(
    problem: FiniteProblem, features: Tensor, bounds: Tensor
) -> Solution:
    """The same if sequences are too many to enumerate but there are finitely many states.

    Args:
        problem: prior and length; its reward is ignored.
        features: (K, S, V), what each token adds to phi_i in each state.
        bounds: (K,), b_i.
    """
    features, bounds = features.double(), bounds.double()

    def log_z(weights: Tensor) -> Tensor:
        paid = torch.einsum("k,ksv->sv", weights, features)
        value = paid.new_zeros(len(paid))  # (S,): nothing after the last token
        for _ in range(problem.length):
            levels = problem.log_prior + paid + value[problem.next_state]
            value = levels.logsumexp(1)
        return value[problem.start]

    def dual(multipliers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = torch.from_numpy(multipliers).requires_grad_()
        total = log_z(weights)
        (means,) = torch.autograd.grad(total, weights)  # the gradient of log Z is E[phi]
        missed = bounds - means
        return float(weights.detach() @ bounds - total.detach()), missed.numpy()

    rare = FiniteProblem(  # paid -log p, the best sequence is the least likely one
        problem.next_state,
        torch.where(problem.log_prior > -torch.inf, 0.0, -torch.inf),
        torch.where(problem.log_prior > -torch.inf, -problem.log_prior, 0.0),
        problem.start,
        problem.length,
    )
    most = finite_hard_optimum(rare, 1.0).value
    multipliers, feasible = maximise(dual, len(bounds), most)
    value, missed = dual(multipliers)
    slack = torch.from_numpy(-missed)
    weights = torch.from_numpy(multipliers)
    divergence = value + float(weights @ slack)
    return Solution(weights, slack, divergence, divergence - value, feasible)


class _UnboundedError(Exception):
    """The dual exceeds the divergence of every feasible distribution."""


def maximise(dual: Dual, count: int, most: float) -> tuple[NDArray[np.float64], bool]:
    """Multipliers >= 0 that maximise a concave dual, and whether its constraints can be met.

    Args:
        dual: value and gradient.
        count: K.
        most: upper bound on the divergence of any distribution; a dual above it proves that no
            distribution is feasible.
    """
    best = np.zeros(count)

    def negative(multipliers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal best
        value, gradient = dual(multipliers)
        if value > most + 1e-9:
            best = multipliers
            raise _UnboundedError
        return -value, -gradient

    try:
        found = scipy.optimize.minimize(
            negative,
            best,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * count,
            options={"maxiter": 2000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9},
        )
        best = found.x
    except _UnboundedError:
        return best.copy(), False
    return best.copy(), True
