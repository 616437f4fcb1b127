"""Finding the c of a wanted divergence while training (Ziegler et al. 2019, section 2.2).

c weighs the divergence against the reward as their beta does, so it follows their rule:

    e = clip(KL / target - 1, -0.2, 0.2),    c <- c (1 + K e).

They measure the log-ratio of sampled sequences; we measure the exact KL(pi || p) at every state
that the newest sequences visit, per token, which is less noisy and never negative. p is the prior
itself; at a prior temperature T other than 1 the objective holds the divergence from p^(1/T) down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sequence_tutor.storage.run_log import Record

GAIN, MOST = 0.1, 0.2
"""K, and the largest relative error that counts: c moves by at most 2 % a collection."""

FARTHEST = 1000.0
"""c goes no farther than so many times down or up from where it began: where the reward holds no
such divergence, no c reaches it, and the search would end where nothing can be learned."""

MISSED = 0.2
"""A relative error of the divergence, beyond which a run says that its target was not reached."""


@dataclass
class TargetKL:
    """Turns what fresh sequences say of the divergence into the next c.

    Attributes:
        target: nats per token from the prior.
        c: as it stands.
        begin: where it began.
    """

    target: float
    c: float
    begin: float = field(init=False)

    def __post_init__(self) -> None:
        """It begins where it stands."""
        self.begin = self.c

    def follow(self, kl_per_token: float) -> None:
        """Raise c where the policy is too far from the prior, lower it where it is too near."""
        error = kl_per_token / self.target - 1
        moved = self.c * (1 + GAIN * min(max(error, -MOST), MOST))
        self.c = min(max(moved, self.begin / FARTHEST), self.begin * FARTHEST)


def missed_target(records: Sequence[Record], target: float) -> str | None:
    """A sentence where a run ends farther from its divergence than a fifth, with the nearest.

    Args:
        records: the evaluations of the whole run, oldest first.
        target: nats per token from the prior.
    """
    last = records[-1]
    if abs(last["kl_to_prior_per_token"] / target - 1) <= MISSED:
        return None
    nearest = min(records, key=lambda record: abs(record["kl_to_prior_per_token"] - target))
    return (
        f"target_kl missed: {last['kl_to_prior_per_token']:.3g} nats per token from the prior at "
        f"c = {last['c']:.3g}, {target:g} were asked for; the nearest was "
        f"{nearest['kl_to_prior_per_token']:.3g} at step {nearest['step']}, "
        f"c = {nearest['c']:.3g}; "
        "more updates or another c_begin may reach it, or no c does with this reward"
    )
