"""LSTM and GRU networks whose single step and whole-sequence forward agree.

The whole-sequence forward is torch's own fused recurrence and is what learning differentiates
through. The single step is written out for sampling, where the fused kernel's set-up costs more
than the step. What makes it fast on a CPU: the input's row of the weight matrix, with both biases
in it, is gathered instead of multiplied by a one-hot vector, and every gate is a sigmoid,
tanh(x) = 2 sigmoid(2x) - 1, because torch's tanh costs several times its sigmoid.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from sequence_tutor.config.settings import Settings
from sequence_tutor.models.next_token import NextTokenNetwork, State


class RecurrentSettings(Settings):
    """Shape of a recurrent network."""

    cell: Literal["lstm", "gru"] = Field("lstm", description="kind of recurrent cell")
    width: int = Field(100, ge=1, le=4096, description="cells in each layer (H)")
    layers: int = Field(1, ge=1, le=8, description="number of recurrent layers")


class RecurrentNetwork(NextTokenNetwork):
    """LSTM or GRU layers and a linear head, as a `NextTokenNetwork`.

    Args:
        settings: cell, width and layers.
        vocab_size: V; tokens are 0 .. V - 1.
        outputs: numbers per step: V logits for a prior, V + 1 for action values.
    """

    def __init__(self, settings: RecurrentSettings, vocab_size: int, outputs: int) -> None:
        super().__init__(vocab_size)
        self.settings = settings
        recurrence = nn.LSTM if settings.cell == "lstm" else nn.GRU
        self.recurrence = recurrence(
            vocab_size + 1, settings.width, settings.layers, batch_first=True
        )
        self.head = nn.Linear(settings.width, outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """Outputs (B, T, outputs) at every step of whole sequences, tokens (B, T)."""
        inputs = self.inputs(tokens)  # (B, T)
        one_hot = F.one_hot(inputs, self.vocab_size + 1).to(self.head.weight.dtype)  # (B, T, V+1)
        features, _ = self.recurrence(one_hot)  # (B, T, H)
        outputs: Tensor = self.head(features)
        return outputs

    def initial_state(self, batch: int) -> State:
        """The state before the first token: zeros, one (B, H) tensor per layer and memory."""
        memories = 2 if self.settings.cell == "lstm" else 1
        zeros = self.head.weight.new_zeros(batch, self.settings.width)
        return (zeros,) * (memories * self.settings.layers)

    @torch.no_grad()
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (B, outputs) after `previous` (B,), and the state that has seen it."""
        advance = _lstm_step if self.settings.cell == "lstm" else _gru_step
        memories = len(state) // self.settings.layers
        new_state: State = ()
        features = self.head.weight  # replaced by the first layer's below
        for layer in range(self.settings.layers):
            to_gates, recurrent, to_bias, recurrent_bias = self.recurrence.all_weights[layer]
            bias = self._shared_bias(to_bias, recurrent_bias)
            if layer == 0:
                # A row for each token, turned round and added to in one pass. It cannot be kept
                # for the next step: fused optimisers change weights and leave no trace of it.
                table = to_gates.new_empty(to_gates.shape[::-1])  # (V+1, gates)
                torch.add(to_gates.t(), bias, out=table)
                gates = table.index_select(0, previous)  # (B, gates)
            else:
                gates = F.linear(features, to_gates, bias)
            memory = state[memories * layer : memories * (layer + 1)]
            memory = advance(gates, memory, recurrent, recurrent_bias)
            features = memory[0]
            new_state += memory
        return self.head(features), new_state

    def _shared_bias(self, to_bias: Tensor, recurrent_bias: Tensor) -> Tensor:
        """Both biases in one, but for a GRU's candidate, where the second is inside a product."""
        if self.settings.cell == "lstm":
            return to_bias + recurrent_bias
        shared, summed = to_bias.clone(), 2 * self.settings.width
        shared[:summed] += recurrent_bias[:summed]
        return shared


def _lstm_step(gates: Tensor, memory: State, recurrent: Tensor, _bias: Tensor) -> State:
    """One LSTM step; torch's order of gates is input, forget, candidate, output."""
    hidden, cell = memory
    width = hidden.shape[1]
    gates.addmm_(hidden, recurrent.t())
    gates[:, 2 * width : 3 * width].mul_(2)
    take, keep, candidate, show = gates.sigmoid_().chunk(4, dim=1)
    # take * tanh and show * tanh, where tanh is 2 sigmoid - 1
    cell = (keep * cell).sub_(take).addcmul_(take, candidate, value=2)
    return torch.addcmul(-show, show, (2 * cell).sigmoid_(), value=2), cell


def _gru_step(gates: Tensor, memory: State, recurrent: Tensor, bias: Tensor) -> State:
    """One GRU step; torch's order of gates is reset, update, new."""
    (hidden,) = memory
    two = 2 * hidden.shape[1]
    reset, update = gates[:, :two].addmm_(hidden, recurrent[:two].t()).sigmoid_().chunk(2, dim=1)
    from_hidden = torch.addmm(bias[two:], hidden, recurrent[two:].t())
    candidate = gates[:, two:].addcmul_(reset, from_hidden).mul_(2).sigmoid_().mul_(2).sub_(1)
    return (torch.lerp(candidate, hidden, update),)
