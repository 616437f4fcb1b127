"""Action values computed by a network, and the three ways they can start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from sequence_tutor.models.network import Network, build_network, seeded_network
from sequence_tutor.models.next_token import State
from sequence_tutor.models.recurrent_settings import RecurrentSettings
from sequence_tutor.models.transformer import TransformerSettings

Start = Literal["log_prior", "zero", "weights"]
"""How action values begin:

- `log_prior`: log p(a|s) + V(s) with V = 0. The network has a log-softmax head for the policy and
  one more output for the value, so a zero reward is solved before the first update.
- `zero`: exactly 0 everywhere; the start of G, whose policy is then the prior. Here too one more
  output is added to all actions, so that a level they share is learned once.
- `weights`: the prior's logits as they are, as in the paper. A logit's offset differs from state
  to state and means nothing, yet here it is read as a value.
"""


NEVER = -1e9
"""Action value of a token that may not be chosen. A softmax makes it a probability of exactly 0; an
infinite one would make 0 * infinity, no number, of its part in an entropy or a divergence."""


class Trunk(Protocol):
    """What action values need of a network, also of one that is not ours."""

    @property
    def vocab_size(self) -> int:
        """V."""

    def __call__(self, tokens: Tensor) -> Tensor:
        """Outputs at every step of whole sequences, tokens (B, T) -> (B, T, outputs)."""

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs after `previous` (B,), and the new state. No gradient."""


class ActionValueNetwork(nn.Module):
    """Action values (B, T, V) from the trunk of a network.

    Attributes:
        barred: (V,) bool, the tokens that may not be chosen; None: all may.
    """

    barred: Tensor | None

    def __init__(self, network: Trunk, start: Start) -> None:
        """Wrap a network that has V outputs for `weights` and V + 1 otherwise."""
        super().__init__()
        self.network = network
        self.start = start
        self.register_buffer("barred", None, persistent=False)

    def choose_among(self, tokens: Sequence[int]) -> None:
        """Make every policy of these values choose among these tokens; none: among all.

        It is no parameter, and stored values do not have it: who stores them knows the tokens.
        """
        self.barred = barred_tokens(tokens, self.vocab_size, next(self.parameters()).device)

    @classmethod
    def from_prior(cls, prior: Network, start: Start) -> ActionValueNetwork:
        """A copy of the prior's network with the head that `start` asks for."""
        vocab_size = prior.vocab_size
        outputs = vocab_size if start == "weights" else vocab_size + 1
        weight = prior.head.weight.new_zeros(outputs, prior.settings.width)
        bias = prior.head.bias.new_zeros(outputs)
        weight[:vocab_size] = prior.head.weight.detach()
        bias[:vocab_size] = prior.head.bias.detach()
        network = build_network(prior.settings, vocab_size, outputs).to(weight.device)
        network.load_state_dict({**prior.state_dict(), "head.weight": weight, "head.bias": bias})
        if start == "zero":
            _silence(network)
        return cls(network, start)

    @classmethod
    def fresh(
        cls,
        settings: RecurrentSettings | TransformerSettings,
        vocab_size: int,
        generator: torch.Generator,
    ) -> ActionValueNetwork:
        """Values of exactly zero, from a network that has learned nothing yet.

        Args:
            settings: kind and shape of the network.
            vocab_size: V.
            generator: source of its weights, on the CPU.
        """
        network = seeded_network(settings, vocab_size, vocab_size + 1, generator)
        _silence(network)
        return cls(network, "zero")

    @torch.no_grad()
    def approach(self, other: ActionValueNetwork, rate: float) -> None:
        """Move all weights toward those of another network of this shape.

        Args:
            other: the network.
            rate: share of the distance, 0..1; this network is then a moving average of the other.
        """
        torch._foreach_lerp_(list(self.parameters()), list(other.parameters()), rate)

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.network.vocab_size

    def forward(self, tokens: Tensor) -> Tensor:
        """Action values at every step of whole sequences, tokens (B, T) -> (B, T, V)."""
        return self.of(self.network(tokens))

    def initial_state(self, batch: int) -> State:
        """The state before the first token."""
        return self.network.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Action values (B, V) after `previous` (B,), and the new state. No gradient."""
        outputs, state = self.network.step(previous, state)
        return self.of(outputs), state

    def of(self, outputs: Tensor) -> Tensor:
        """Action values (..., V) of what the network gives at a step."""
        if self.start == "weights":
            values = outputs
        else:
            actions, value = outputs[..., :-1], outputs[..., -1:]
            if self.start == "log_prior":
                actions = actions.log_softmax(-1)
            values = actions + value  # (..., V)
        return values if self.barred is None else values.masked_fill(self.barred, NEVER)

    def level(self, outputs: Tensor) -> Tensor:
        """What all action values of a state share, (...): the one output that moves no policy.

        Where no output is kept for it, the mean of all: a gradient through it moves all alike.
        """
        return outputs.mean(-1) if self.start == "weights" else outputs[..., -1]


def barred_tokens(
    tokens: Sequence[int], vocab_size: int, device: torch.device | str = "cpu"
) -> Tensor | None:
    """(V,) bool: all tokens but these; None where there are none."""
    if not tokens:
        return None
    barred = torch.ones(vocab_size, dtype=torch.bool, device=device)
    barred[list(tokens)] = False
    return barred


@torch.no_grad()
def _silence(network: Network) -> None:
    """Make every output zero."""
    for layer in network.output_layers():
        for parameter in layer.parameters():
            parameter.zero_()
