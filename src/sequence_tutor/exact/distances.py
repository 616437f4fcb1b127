"""How far a learner is from its own optimum.

Psi and G learn a distribution, so their distance is a divergence of whole sequences. Q learns
values, and its policy is greedy, so its distance is the error of the greedy value
max_a Q(s, a) at the states that matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.exact.optimum import HardOptimum
from sequence_tutor.exact.space import Levels, along_sequences


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
    # 0 log 0 = 0: a sequence that the policy never writes costs nothing
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
            value error of `verify`: a greedy policy that is right meets these states and no other.
        expected: the mean over the T steps of sequences drawn from softmax(Q*), from which the
            paper samples a trained Q.
        largest: the largest at any prefix at all, met or not.
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
    best = chosen = 0  # codes of the prefixes that Q* and Q write greedily
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
