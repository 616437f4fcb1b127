"""What every prior with a network does: the softmax over V logits, step by step and at once."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from sequence_tutor.models import State


class GivesLogits(Protocol):
    """A network with V logits a step."""

    @property
    def vocab_size(self) -> int:
        """V."""

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) after `previous` (B,), and the new state."""

    def __call__(self, tokens: Tensor) -> Any:  # as torch's modules say it
        """Logits (B, T, V) at every step, tokens (B, T)."""


Net = TypeVar("Net", bound=GivesLogits)


class SoftmaxPrior(Generic[Net]):
    """Softmax over the logits of `network`. Satisfies `Prior`.

    Attributes:
        network: the logits.
    """

    network: Net

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.network.vocab_size

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""
        return self.network.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log p(.|s) (B, V) after `previous` (B,), and the new state."""
        logits, state = self.network.step(previous, state)
        return logits.log_softmax(-1), state

    @torch.no_grad()
    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log p(.|s_t) at every step, tokens (B, T) -> (B, T, V)."""
        logits: Tensor = self.network(tokens)
        return logits.log_softmax(-1)
