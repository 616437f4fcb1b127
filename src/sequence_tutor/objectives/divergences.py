"""How far a policy is from the prior, and from the optimum at gamma = 1.

Per-token and per-sequence quantities have different names, because confusing them is easy:
`token_kl` compares two distributions at one state; summed over the states of sampled sequences it
estimates the sequence KL without the noise of the sampled log-ratio, and is never negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


def token_kl(log_policy: Tensor, log_prior: Tensor) -> Tensor:
    """KL(pi(.|s) || p(.|s)) in nats, exactly, over the vocabulary.

    Args:
        log_policy: (..., V) normalised log pi(.|s).
        log_prior: (..., V) normalised log p(.|s).

    Returns:
        (...).
    """
    probability = log_policy.exp()
    # 0 log 0 = 0: a token that the policy never writes costs nothing
    difference = torch.where(probability > 0, log_policy - log_prior, 0.0)
    return (probability * difference).sum(-1)


def token_entropy(log_policy: Tensor) -> Tensor:
    """Entropy of pi(.|s) in nats, (..., V) -> (...)."""
    return -torch.where(log_policy > -torch.inf, log_policy.exp() * log_policy, 0.0).sum(-1)


@dataclass(frozen=True)
class Optimality:
    """How close pi is to p(x) exp(r/c) / Z, from N sampled sequences, in nats per sequence.

    Attributes:
        objective: E_pi[r/c + log p - log pi], which is log Z - KL(pi || optimum).
        log_z_bound: log mean w, whose expectation is at most log Z.
        effective_sample_size: (sum w)^2 / sum w^2, in sequences of the N.
    """

    objective: float
    log_z_bound: float
    effective_sample_size: float

    @property
    def gap(self) -> float:
        """The objective's distance to the bound: KL(pi || optimum) is at least about this."""
        return self.log_z_bound - self.objective


def optimality(log_weights: Tensor) -> Optimality:
    """Optimality of the policy that sampled N sequences, at gamma = 1.

    Args:
        log_weights: (N,) log w = r/c + log p(x) - log pi(x) of each sampled sequence.

    Returns:
        The three figures (Kong 1992 for the effective sample size).
    """
    if log_weights.dim() != 1 or len(log_weights) == 0:
        raise ValueError(f"log_weights must be (N,) with N > 0, got {tuple(log_weights.shape)}")
    log_weights = log_weights.double()
    total = log_weights.logsumexp(0)
    return Optimality(
        objective=float(log_weights.mean()),
        log_z_bound=float(total) - math.log(len(log_weights)),
        effective_sample_size=float((2 * total - (2 * log_weights).logsumexp(0)).exp()),
    )
