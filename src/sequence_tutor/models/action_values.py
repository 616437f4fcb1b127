"""Action values computed by a recurrent network, and the three ways they can start."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from sequence_tutor.models.recurrent import RecurrentNetwork, State

Start = Literal["log_prior", "zero", "weights"]
"""How action values begin:

- `log_prior`: log p(a|s) + V(s) with V = 0. The network has a log-softmax head for the policy and
  one more output for the value, so a zero reward is solved before the first update.
- `zero`: exactly 0 everywhere; the start of G, whose policy is then the prior. Here too one more
  output is added to all actions, so that a level they share is learned once.
- `weights`: the prior's logits as they are, as in the paper. A logit's offset differs from state
  to state and means nothing, yet here it is read as a value.
"""


class ActionValueNetwork(nn.Module):
    """Action values (B, T, V) from the trunk of a prior's network."""

    def __init__(self, network: RecurrentNetwork, start: Start) -> None:
        """Wrap a network that has V outputs for `weights` and V + 1 otherwise."""
        super().__init__()
        self.network = network
        self.start = start

    @classmethod
    def from_prior(cls, prior: RecurrentNetwork, start: Start) -> ActionValueNetwork:
        """A copy of the prior's network with the head that `start` asks for."""
        vocab_size = prior.vocab_size
        outputs = vocab_size if start == "weights" else vocab_size + 1
        network = RecurrentNetwork(prior.settings, vocab_size, outputs)
        network.recurrence.load_state_dict(prior.recurrence.state_dict())
        with torch.no_grad():
            for parameter in network.head.parameters():
                parameter.zero_()
            if start != "zero":
                network.head.weight[:vocab_size] = prior.head.weight
                network.head.bias[:vocab_size] = prior.head.bias
        return cls(network.to(prior.head.weight.device), start)

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.network.vocab_size

    def forward(self, tokens: Tensor) -> Tensor:
        """Action values at every step of whole sequences, tokens (B, T) -> (B, T, V)."""
        return self._values(self.network(tokens))

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""
        return self.network.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Action values (B, V) after `previous` (B,), and the new state. No gradient."""
        outputs, state = self.network.step(previous, state)
        return self._values(outputs), state

    def _values(self, outputs: Tensor) -> Tensor:
        if self.start == "weights":
            return outputs
        actions, value = outputs[..., :-1], outputs[..., -1:]
        if self.start == "log_prior":
            actions = actions.log_softmax(-1)
        return actions + value  # (..., V)
