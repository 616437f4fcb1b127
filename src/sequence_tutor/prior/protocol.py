"""What a prior is: any autoregressive model that gives log-probabilities of the next token."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.models import ActionValueNetwork, Start, State


class Prior(Protocol):
    """A frozen autoregressive model p(a|s) over V tokens.

    A tuned policy satisfies the same protocol, so everything that samples or evaluates a prior
    samples or evaluates a tuned model.
    """

    @property
    def vocab_size(self) -> int:
        """V. The input before the first token is `vocab_size` itself, the start token."""

    def initial_state(self, batch: int) -> State:
        """The state before the first token, for `batch` rows: tensors with the batch first."""

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log p(.|s), normalised, (B, V) after `previous` (B,), and the new state."""

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log p(.|s_t) at every step, (B, T, V), where s_t is tokens[:, :t], tokens (B, T)."""


@runtime_checkable
class Placed(Protocol):
    """Something that says where it computes."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""


@runtime_checkable
class OwnsWeights(Protocol):
    """A prior whose weights action values can begin with; any other is a black box."""

    def tempered(self, temperature: float) -> Prior:
        """The prior p^(1/T), normalised at every state; it owns weights too."""

    def action_values(self, start: Start) -> ActionValueNetwork:
        """Values that begin with a copy of its weights."""


def device_of(prior: Prior) -> torch.device:
    """Where a prior computes: the CPU, if it does not say."""
    return prior.device if isinstance(prior, Placed) else torch.device("cpu")
