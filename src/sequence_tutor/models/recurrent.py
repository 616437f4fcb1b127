"""LSTM and GRU networks whose single step and whole-sequence forward agree.

The whole-sequence forward is torch's own fused recurrence and is what learning differentiates
through. The single step is written out for sampling, where the fused kernel's set-up costs more
than the step. What makes it fast on a CPU: the input's row of the weight matrix, with both biases
in it, is gathered instead of multiplied by a one-hot vector, and every gate is a sigmoid,
tanh(x) = 2 sigmoid(2x) - 1, because torch's tanh costs several times its sigmoid.

With `lags` and `periods` the network sees more of the past than its last token, and can copy it;
see `models.lookback`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sequence_tutor.models.lookback import (
    Lookback,
    add_copies,
    as_features,
    sum_of_rows,
    turned,
)
from sequence_tutor.models.next_token import NextTokenNetwork, State
from sequence_tutor.models.recurrent_settings import RecurrentSettings


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
        self.lookback = Lookback(vocab_size, settings.lags, settings.periods)
        recurrence = nn.LSTM if settings.cell == "lstm" else nn.GRU
        self.recurrence = recurrence(
            self.lookback.rows, settings.width, settings.layers, batch_first=True
        )
        self.head = nn.Linear(settings.width, outputs)
        self.copy_gates, self._table = None, InputTable()
        if settings.lags:
            self.copy_gates = nn.Linear(settings.width + self.lookback.run_rows, len(settings.lags))

    def output_layers(self) -> Sequence[nn.Linear]:
        """The head and the copy gates."""
        return (self.head,) if self.copy_gates is None else (self.head, self.copy_gates)

    def forward(self, tokens: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Outputs (B, T, outputs) at every step of whole sequences, tokens (B, T).

        Args:
            tokens: of the sequences.
            noise: what is dropped is drawn from; None: nothing is dropped.
        """
        rows, at_lags = self.lookback.sequence(tokens)  # (B, T, I), (B, T, L)
        if noise is not None:
            rows = self._without_some(rows, noise)
        seen = as_features(rows, self.lookback.rows, self.head.weight.dtype)
        features, _ = self.recurrence(seen)  # (B, T, H)
        if noise is not None and self.settings.dropout:
            features = _dropped(features, self.settings.dropout, noise)
        return self._outputs(features, rows, at_lags)

    def initial_state(self, batch: int) -> State:
        """The state before the first token.

        Zeros, one (B, H) tensor per layer and memory, and what the lookback keeps.
        """
        zeros = self.head.weight.new_zeros(batch, self.settings.width)
        memory = (zeros,) * (self._memories * self.settings.layers)
        return memory + self.lookback.initial_state(batch, zeros.device)

    @torch.no_grad()
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (B, outputs) after `previous` (B,), and the state that has seen it."""
        advance = _lstm_step if self.settings.cell == "lstm" else _gru_step
        memories = self._memories
        state, past = (
            state[: memories * self.settings.layers],
            state[memories * self.settings.layers :],
        )
        rows, at_lags = previous[:, None], previous[:, None][:, :0]
        if not self.lookback.is_plain:
            rows, at_lags, past = self.lookback.step(previous, past)
        new_state: State = ()
        features = self.head.weight  # replaced by the first layer's below
        for layer in range(self.settings.layers):
            to_gates, recurrent, to_bias, recurrent_bias = self.recurrence.all_weights[layer]
            bias = self._shared_bias(to_bias, recurrent_bias)
            if layer == 0:
                gates = self._first_gates(rows, to_gates, bias)  # (B, gates)
            else:
                gates = F.linear(features, to_gates, bias)
            memory = state[memories * layer : memories * (layer + 1)]
            memory = advance(gates, memory, recurrent, recurrent_bias)
            features = memory[0]
            new_state += memory
        return self._outputs(features, rows, at_lags), new_state + past

    @property
    def _memories(self) -> int:
        """Tensors that a layer remembers."""
        return 2 if self.settings.cell == "lstm" else 1

    def _outputs(self, features: Tensor, rows: Tensor, at_lags: Tensor) -> Tensor:
        """The head's numbers (..., outputs), with those of the copy gates added."""
        outputs: Tensor = self.head(features)
        if self.copy_gates is None:
            return outputs
        seen = torch.cat([features, self.lookback.of_runs(rows, features.dtype)], -1)
        return add_copies(outputs, self.copy_gates(seen), at_lags, self.vocab_size)

    def _first_gates(self, rows: Tensor, to_gates: Tensor, bias: Tensor) -> Tensor:
        """What the first layer's inputs bring, rows (B, I) of its weights, with the bias: (B, G).

        Weights that learn, turned round, cannot be kept for the next step: fused optimisers change
        them and leave no trace of it.
        """
        if not self.lookback.is_plain:
            return sum_of_rows(rows, self._table.of(to_gates)) + bias
        table = to_gates.new_empty(to_gates.shape[::-1])  # (V+1, G)
        torch.add(to_gates.t(), bias, out=table)  # turned round and added to in one pass
        return table.index_select(0, rows[:, 0])

    def _without_some(self, rows: Tensor, noise: torch.Generator) -> Tensor:
        """Rows (B, T, I) with a share of the tokens seen replaced by nothing."""
        share, tokens = self.settings.input_dropout, self.lookback.tokens_seen
        if not share:
            return rows
        drawn = torch.rand(*rows.shape[:-1], tokens, generator=noise, device=noise.device)
        dropped = F.pad(drawn.to(rows.device) < share, (0, rows.shape[-1] - tokens))
        return rows.masked_fill(dropped, self.lookback.rows)

    def _shared_bias(self, to_bias: Tensor, recurrent_bias: Tensor) -> Tensor:
        """Both biases in one, but for a GRU's candidate, where the second is inside a product."""
        if self.settings.cell == "lstm":
            return to_bias + recurrent_bias
        shared, summed = to_bias.clone(), 2 * self.settings.width
        shared[:summed] += recurrent_bias[:summed]
        return shared


class InputTable:
    """A network's input weights turned round, kept from step to step while nothing changes them."""

    def __init__(self) -> None:
        self._kept: tuple[Tensor, int, int, Tensor] | None = None

    def of(self, weights: Tensor) -> Tensor:
        """Weights (G, I) as a table (I + 1, G), see `turned`; those that learn are not kept."""
        if weights.requires_grad:
            return turned(weights)
        kept, place = self._kept, weights.data_ptr()
        if kept is None or kept[0] is not weights or kept[1:3] != (weights._version, place):
            kept = self._kept = weights, weights._version, place, turned(weights)
        return kept[3]


def seeing_place(network: RecurrentNetwork, period: int) -> RecurrentNetwork:
    """The same network, which also sees the place in a period and gives it no weight yet.

    Args:
        network: any; its weights are copied.
        period: tokens, at least 2.
    """
    periods = tuple(sorted({*network.settings.periods, period}))
    settings = network.settings.model_copy(update={"periods": periods})
    wider = RecurrentNetwork(settings, network.vocab_size, network.head.out_features)
    weights = network.state_dict()
    table = weights[_FROM_INPUTS]  # (gates, rows)
    wider = wider.to(table)
    if period not in network.settings.periods:
        new = wider.lookback.place_rows(period)
        weights[_FROM_INPUTS] = torch.cat(
            [table[:, : new.start], table.new_zeros(len(table), period), table[:, new.start :]], 1
        )
    wider.load_state_dict(weights)
    return wider


_FROM_INPUTS = "recurrence.weight_ih_l0"


def _dropped(features: Tensor, share: float, noise: torch.Generator) -> Tensor:
    """Features with a share of them set to zero, and the others made larger to keep the mean."""
    drawn = torch.rand(features.shape, generator=noise, device=noise.device)
    return features * (drawn.to(features.device) >= share) / (1 - share)


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
