"""Finding the c of a wanted divergence while training (Ziegler et al. 2019, section 2.2).

c weighs the divergence against the reward as their beta does, so it follows their rule:

    e = clip(KL / target - 1, -0.2, 0.2),    c <- c (1 + K e).

They measure the log-ratio of sampled sequences; we measure the exact KL(pi || p) at every state
that the newest sequences visit, per token, which is less noisy and never negative.
"""

from __future__ import annotations

from dataclasses import dataclass

GAIN, MOST = 0.1, 0.2
"""K, and the largest relative error that counts: c moves by at most 2 % a collection."""


@dataclass
class TargetKL:
    """Turns what fresh sequences say of the divergence into the next c.

    Attributes:
        target: nats per token from the prior.
        c: as it stands.
    """

    target: float
    c: float

    def follow(self, kl_per_token: float) -> None:
        """Raise c where the policy is too far from the prior, lower it where it is too near."""
        error = kl_per_token / self.target - 1
        self.c *= 1 + GAIN * min(max(error, -MOST), MOST)
