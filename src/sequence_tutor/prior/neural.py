"""One of our networks as a prior."""

from __future__ import annotations

import copy

import torch

from sequence_tutor.models import ActionValueNetwork, Network, Start
from sequence_tutor.prior.softmax import SoftmaxPrior


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
