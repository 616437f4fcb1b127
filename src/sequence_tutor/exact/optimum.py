"""Each algorithm's own fixed point, by dynamic programming from the last token to the first.

Soft (Psi and G; 2017 Eq. 13 to 15) and hard (Q; 2017 Eq. 4) Bellman equations, for any gamma and
c. At gamma = 1 the soft optimum is a distribution known without any recursion, p(x) exp(r(x)/c)/Z,
and `gibbs_distribution` computes it so; that both agree is a test.

Tables are `Levels`, one row a prefix (see `exact.space`).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sequence_tutor.exact.space import Levels, along_sequences


@dataclass(frozen=True)
class SoftOptimum:
    """The fixed point of Psi- and G-learning.

    Attributes:
        psi: Psi*(s, a) = log p(a|s) + G*(s, a).
        g: G*(s, a).
        log_policy: log pi*(a|s) = Psi*(s, a) - V*(s).
        value: V* before the first token; log Z where gamma = 1.
    """

    psi: Levels
    g: Levels
    log_policy: Levels
    value: float


@dataclass(frozen=True)
class HardOptimum:
    """The fixed point of Q-learning.

    Attributes:
        q: Q*(s, a).
        log_policy: log softmax Q*(s, .), from which a trained Q is sampled.
        value: max Q* before the first token: what the greedy sequence earns, discounted.
        discount: gamma.
    """

    q: Levels
    log_policy: Levels
    value: float
    discount: float


@dataclass(frozen=True)
class Gibbs:
    """p(x) exp(r(x) / c) / Z over whole sequences.

    Attributes:
        log_probs: (V^T,), by code.
        log_z: log E_p[exp(r / c)].
    """

    log_probs: Tensor
    log_z: float


def soft_optimum(log_prior: Levels, reward: Levels, c: float, discount: float) -> SoftOptimum:
    """Psi*, G* and their policy.

    Args:
        log_prior: log p(a|s).
        reward: r(s, a), divided by c here.
        c: temperature.
        discount: gamma.
    """
    psi: list[Tensor] = []
    g: list[Tensor] = []
    next_value = reward[-1].new_zeros(reward[-1].numel())  # (V^T,): nothing after the last token
    for prior_t, reward_t in zip(reversed(log_prior), reversed(reward), strict=True):
        g_t = reward_t / c + discount * next_value.view_as(reward_t)  # (V^t, V)
        g.insert(0, g_t)
        psi.insert(0, prior_t + g_t)
        next_value = psi[0].logsumexp(1)  # (V^t,)
    policy = tuple(psi_t.log_softmax(1) for psi_t in psi)
    return SoftOptimum(tuple(psi), tuple(g), policy, float(next_value))


def hard_optimum(
    reward: Levels, c: float, discount: float, log_prior: Levels | None = None
) -> HardOptimum:
    """Q* with log-prior augmentation, or without a prior ("RL only").

    Args:
        reward: r(s, a), divided by c here.
        c: temperature.
        discount: gamma.
        log_prior: log p(a|s), paid beside r / c; None: no prior.
    """
    q: list[Tensor] = []
    next_value = reward[-1].new_zeros(reward[-1].numel())
    for t in reversed(range(len(reward))):
        q_t = reward[t] / c + discount * next_value.view_as(reward[t])  # (V^t, V)
        q.insert(0, q_t if log_prior is None else log_prior[t] + q_t)
        next_value = q[0].amax(1)  # (V^t,)
    policy = tuple(q_t.log_softmax(1) for q_t in q)
    return HardOptimum(tuple(q), policy, float(next_value), discount)


def gibbs_distribution(log_prior: Levels, reward: Levels, c: float) -> Gibbs:
    """The optimum at gamma = 1, straight from its definition.

    Args:
        log_prior: log p(a|s).
        reward: r(s, a), divided by c here.
        c: temperature.
    """
    energy = along_sequences(log_prior) + along_sequences(reward) / c  # (V^T,)
    log_z = energy.logsumexp(0)
    return Gibbs(energy - log_z, float(log_z))
