"""What the aims of a run pay a sequence, in nats, where they count it, beside r / c.

With multipliers lambda of rows, mu of the share of distinct sequences, nu of a bound on KL a token
and eta of one on entropy a token, the Lagrangian's optimum satisfies, with S = 1 + nu + eta,

    S log pi(x) - mu (1 - pi(x))^(N-1) = (1 + nu) log p(x) + r(x) / c + lambda . phi(x) - const.

Divided by S it is KL-control from p of the reward
(r / c + lambda . phi) / S + ((1 + nu) / S - 1) log p and the payment for being rare: nu and eta are
parts of a temperature, and every algorithm learns this as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sequence_tutor.objectives.distinct import rarity_payment
from sequence_tutor.tuner.class_counts import ClassPayments


@dataclass(frozen=True)
class Payments:
    """The multipliers as a learner applies them.

    Attributes:
        weights: (2 M,) what a unit of each count of a sequence pays.
        nu: multiplier of KL a token, in nats a nat; likewise `eta`, of entropy.
        mu: multiplier of the share of distinct sequences.
        draws: N of them.
        level: the const above, divided by S.
        classes: what sequences are paid by the values of properties, divided by S.
    """

    weights: Tensor
    nu: float = 0.0
    eta: float = 0.0
    mu: float = 0.0
    draws: int = 2
    level: float = 0.0
    classes: tuple[ClassPayments, ...] = ()

    @property
    def scale(self) -> float:
        """S."""
        return 1 + self.nu + self.eta

    def common(self, reward: Tensor, log_prior: Tensor, counts: Tensor) -> Tensor:
        """What each step pays but for being rare, (B, T).

        Args:
            reward: (B, T), r / c.
            log_prior: (B, T), log p(a|s); 0 where nothing was chosen.
            counts: (B, T, 2 M), see `AimedRows.by_step`.
        """
        reward = reward + counts @ self.weights.to(counts)
        if self.scale == 1:
            return reward
        return reward / self.scale + ((1 + self.nu) / self.scale - 1) * log_prior

    def with_classes(self, reward: Tensor, counts: Tensor, last: Tensor) -> Tensor:
        """The same and what sequences are paid for values that N draws would hardly repeat.

        Args:
            reward: (B, T), as `common` gives it.
            counts: (B, 2 M) of the sequences.
            last: (B, T) bool: the last step of each sequence, where that is paid.
        """
        for one in self.classes:
            reward = reward + one.of(counts).to(reward)[:, None].where(last, 0.0)
        return reward

    def with_rarity(self, reward: Tensor, log_prior: Tensor, last: Tensor) -> Tensor:
        """The same and what a sequence is paid for being one that N draws would hardly repeat.

        Args:
            reward: (B, T), as `common` gives it.
            log_prior: (B, T), log p(a|s); 0 where nothing was chosen.
            last: (B, T) bool: the last step of each sequence, where that is paid.
        """
        if self.mu == 0:
            return reward
        energy = (reward.double() + log_prior.double()).sum(1) - self.level
        rare = rarity_payment(energy, self.mu / self.scale, self.draws).to(reward)
        return reward + rare[:, None].where(last, 0.0)
