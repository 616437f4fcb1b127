"""The fixed point of each algorithm, by dynamic programming, and a learner's distance from it.

Soft (Psi and G; 2017 Eq. 13 to 15) and hard (Q; 2017 Eq. 4) Bellman equations, for any gamma and
c. At gamma = 1 the soft optimum is known without recursion, p(x) exp(r(x)/c) / Z; this is how
`gibbs_distribution` computes it, and a test checks that both agree.

Psi and G learn a distribution, so their distance is a divergence of whole sequences. Q learns
values of a greedy policy, so its distance is the error of the greedy value max_a Q(s, a) at the
states that this policy visits. Tables are `Levels`, one row for each prefix (see `exact.space`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
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
        value: max Q* before the first token: the discounted return of the greedy sequence.
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
        log_prior: log p(a|s), added to r / c; None: no prior.
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
    """The optimum at gamma = 1, computed from its definition.

    Args:
        log_prior: log p(a|s).
        reward: r(s, a), divided by c here.
        c: temperature.
    """
    energy = along_sequences(log_prior) + along_sequences(reward) / c  # (V^T,)
    log_z = energy.logsumexp(0)
    return Gibbs(energy - log_z, float(log_z))


def sequence_kl(log_policy: Tensor, log_optimum: Tensor) -> float:
    """KL(pi || pi*) in nats per sequence, exactly.

    Args:
        log_policy: (N,), log pi(x) of every sequence of the space.
        log_optimum: (N,), log pi*(x) in the same order.
    """
    if log_policy.dim() != 1 or log_policy.shape != log_optimum.shape:
        raise ValueError(
            "both arguments must be (N,), "
            f"got {tuple(log_policy.shape)} and {tuple(log_optimum.shape)}"
        )
    # 0 log 0 = 0: a sequence of probability 0 adds nothing
    ratio = (log_policy - log_optimum).where(log_policy > -torch.inf, 0.0)
    return float((log_policy.exp() * ratio).sum())


def kl_to_optimum(log_policy: Levels, log_optimum: Levels) -> float:
    """KL(pi || pi*) in nats per sequence from two tables of log pi(a|s), for any gamma."""
    return sequence_kl(along_sequences(log_policy), along_sequences(log_optimum))


@dataclass(frozen=True)
class GreedyComparison:
    """Errors |max_a Q(s, a) - max_a Q*(s, a)| of a learned Q, in nats.

    Attributes:
        on_path: the largest at the T states that the optimal greedy sequence visits. This is the
            value error of `verify`: a correct greedy policy visits these states and no others.
        expected: the mean over the T steps of sequences drawn from softmax(Q*), from which the
            paper samples a trained Q.
        largest: the largest at any prefix, visited or not.
        regret: how much less the learned greedy sequence earns than the optimal one.
    """

    on_path: float
    expected: float
    largest: float
    regret: float


def compare_greedy(q: Levels, optimum: HardOptimum) -> GreedyComparison:
    """Compare a learned table of action values with Q*.

    Args:
        q: Q(s, a) at every prefix, see `SequenceSpace.action_values`.
        optimum: of the same space, reward, c and gamma.
    """
    on_path = expected = largest = regret = 0.0
    best = chosen = 0  # codes of the greedy prefixes of Q* and Q
    vocab_size = q[0].shape[1]
    visits = q[0].new_ones(1)  # (V^t,): probability of each prefix under softmax(Q*)
    for t, (q_t, true_t) in enumerate(zip(q, optimum.q, strict=True)):
        error = (q_t.amax(1) - true_t.amax(1)).abs()  # (V^t,)
        on_path = max(on_path, float(error[best]))
        largest = max(largest, float(error.max()))
        expected += float(visits @ error) / len(q)
        visits = (visits[:, None] * optimum.log_policy[t].exp()).flatten()
        action = int(q_t[chosen].argmax())
        regret += optimum.discount**t * float(true_t[chosen].max() - true_t[chosen, action])
        chosen = chosen * vocab_size + action
        best = best * vocab_size + int(true_t[best].argmax())
    return GreedyComparison(on_path, expected, largest, regret)
