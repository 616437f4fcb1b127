"""Any prior made flatter or sharper: p^(1/T), normalised at every state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.models import State
from sequence_tutor.prior.protocol import OwnsWeights, Prior, device_of


@dataclass(frozen=True)
class TemperedPrior:
    """The answers of a prior, tempered. Satisfies `Prior`.

    Attributes:
        prior: p.
        temperature: T.
    """

    prior: Prior
    temperature: float

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.prior.vocab_size

    @property
    def device(self) -> torch.device:
        """Where the prior computes."""
        return device_of(self.prior)

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""
        return self.prior.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B, V) after `previous` (B,), and the new state."""
        log_probs, state = self.prior.step(previous, state)
        return (log_probs / self.temperature).log_softmax(-1), state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log-probabilities at every step, tokens (B, T) -> (B, T, V)."""
        return (self.prior.sequence_log_probs(tokens) / self.temperature).log_softmax(-1)


def tempered(prior: Prior, temperature: float) -> Prior:
    """The prior p^(1/T), by its own weights where it has some."""
    if temperature == 1:
        return prior
    if isinstance(prior, OwnsWeights):
        return prior.tempered(temperature)
    return TemperedPrior(prior, temperature)
