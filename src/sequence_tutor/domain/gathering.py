"""What a run samples, and the interface of what stores it for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class Collected:
    """Sequences that a run sampled and is about to store in replay.

    Attributes:
        step: number of updates made before.
        batch: the sequences.
        terms: (B, T, R) unscaled rewards, computed before the reward remembered this batch.
        log_prior: (B,) log p(x) of whole sequences under the prior, in nats.
        log_policy: (B,) log pi(x) under the policy at that time, regardless of exploration.
    """

    step: int
    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor
    log_policy: Tensor


class Gatherer(Protocol):
    """Stores what a run samples, for example as a table of molecules.

    A run that is killed continues from its last checkpoint: `state` is restored first, and what was
    written after that checkpoint is gathered again.
    """

    def gather(self, collected: Collected) -> None:
        """Store a batch."""

    def state(self) -> dict[str, Tensor]:
        """The state to resume from; everything gathered so far is on disk when it returns."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Return to a saved state."""

    def close(self) -> None:
        """Called when the run ends or is stopped."""
