"""Networks as priors: the softmax of their logits, step by step and over whole sequences."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from sequence_tutor.models import ActionValueNetwork, Network, Start, State
from sequence_tutor.models.action_values import Trunk
from sequence_tutor.prior.protocol import OwnsWeights, Prior, device_of

Net = TypeVar("Net", bound=Trunk)


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


class NeuralPrior(SoftmaxPrior[Network]):
    """Softmax over the logits of a network whose outputs are V logits. Satisfies `Prior`.

    The network is frozen: its parameters lose their gradients and it is put in evaluation mode.
    """

    def __init__(self, network: Network) -> None:
        self.network = network.eval().requires_grad_(False)

    def tempered(self, temperature: float) -> NeuralPrior:
        """The prior p^(1/T): the same network with its logits divided by T."""
        if temperature == 1:
            return self
        network = copy.deepcopy(self.network)
        for layer in network.output_layers():
            for parameter in layer.parameters():
                parameter.div_(temperature)
        return NeuralPrior(network)

    def action_values(self, start: Start) -> ActionValueNetwork:
        """Values that begin with a copy of its weights."""
        return ActionValueNetwork.from_prior(self.network, start)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.network.head.weight.device


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
