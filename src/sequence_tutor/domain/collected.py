"""What a run collects while it tunes, and who may want to keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class Collected:
    """Sequences that a run sampled, as they go into replay.

    Attributes:
        step: updates made before.
        batch: the sequences.
        terms: (B, T, R) unscaled rewards, as scored before any of the batch was remembered.
        log_prior: (B,) log p(x) of whole sequences, in nats, under the prior itself.
        log_policy: (B,) log pi(x) under the policy of that moment, whatever the exploration.
    """

    step: int
    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor
    log_policy: Tensor


class Gatherer(Protocol):
    """Keeps what a run finds: a table of molecules, for example.

    A run that is killed goes on from its last checkpoint, whose `state` is given back before
    anything more is gathered; what was written after that checkpoint will be gathered again.
    """

    def gather(self, collected: Collected) -> None:
        """Take a batch."""

    def state(self) -> dict[str, Tensor]:
        """What is needed to go on exactly from here; all that was gathered is on disk by now."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a saved state."""

    def close(self) -> None:
        """The run is over, or stopped."""
