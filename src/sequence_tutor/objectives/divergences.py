"""How far a policy is from the prior.

Per-token and per-sequence quantities have different names, because they are easily confused.
`token_kl` compares two distributions at one state. Summed over the states of sampled sequences it
estimates the KL of sequences without the noise of the sampled log-ratio, and is never negative.
"""

from __future__ import annotations

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
    # 0 log 0 = 0: a token of probability 0 adds nothing
    difference = torch.where(probability > 0, log_policy - log_prior, 0.0)
    return (probability * difference).sum(-1)


def k3(log_policy: Tensor, log_prior: Tensor) -> Tensor:
    """The estimator k3 of KL(pi || p), p / pi - 1 - log(p / pi) of the taken tokens.

    As a loss on sampled tokens its mean gradient is that of the forward divergence of each state,
    KL(p || pi), with the visited states held fixed. Source: Schulman 2020, *Approximating KL
    divergence* (http://joschu.net/blog/kl-approx.html); Shao et al. 2024, Eq. 4.

    Args:
        log_policy: (...), log pi(a|s).
        log_prior: (...), log p(a|s).

    Returns:
        (...), at least 0.
    """
    ratio = log_prior - log_policy
    return torch.expm1(ratio) - ratio


def tempered(log_probs: Tensor, temperature: float) -> Tensor:
    """Log of p^(1/T), normalised again over the vocabulary, (..., V) -> (..., V)."""
    return log_probs if temperature == 1 else (log_probs / temperature).log_softmax(-1)


def token_entropy(log_policy: Tensor) -> Tensor:
    """Entropy of pi(.|s) in nats, (..., V) -> (...)."""
    return -torch.where(log_policy > -torch.inf, log_policy.exp() * log_policy, 0.0).sum(-1)
