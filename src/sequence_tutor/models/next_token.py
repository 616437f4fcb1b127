"""What every network here is: the tokens so far in, numbers about the next one out."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sequence_tutor.sequences import SequenceBatch

State = tuple[Tensor, ...]
"""What a network remembers: tensors whose axis 0 is the batch, so that rows can be selected."""


class NextTokenNetwork(nn.Module):
    """Maps the tokens so far to `outputs` numbers about the next one.

    The input at step t is the token at t - 1; before the first token it is the start token, whose
    number is `vocab_size`. Its kinds have

    - `forward(tokens, noise=None)`: outputs at every step of whole sequences, tokens (B, T) int64
      -> (B, T, outputs). Entry t has seen tokens 0 .. t - 1; the last column influences nothing.
      What a network drops in pretraining, if it does, is drawn from the generator `noise`.
    - `initial_state(batch)`: the state before the first token.
    - `step(previous, state)`: outputs (B, outputs) after `previous` (B,) int64, the last token of
      each row or `start_token`, and the new state; the state given is not changed. No gradient.
    - `output_layers()`: the linear layers whose numbers are the outputs or are added to them: their
      weights halved, all outputs are halved.

    Args:
        vocab_size: V; tokens are 0 .. V - 1.
    """

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size

    @property
    def start_token(self) -> int:
        """The input before the first token."""
        return self.vocab_size

    def inputs(self, tokens: Tensor) -> Tensor:
        """What each step sees newly, tokens (B, T) -> (B, T): the start token, then all but one."""
        return F.pad(tokens[:, :-1], (1, 0), value=self.start_token)


CHUNK = 16
"""Sequences computed together; fewer of them waste more of a matrix product than they save."""


def by_length(network: Callable[[Tensor], Tensor], batch: SequenceBatch) -> Tensor:
    """What a network makes of a batch, computed in chunks of sequences of similar length.

    Among 64 molecules the longest is nearly twice as long as the mean, and a recurrence over the
    batch as it stands spends that much of its time on padding.

    Args:
        network: tokens (B, T) -> (B, T, V), causal and row by row.
        batch: B sequences; they are computed at once if they are few or all as long, and on a GPU,
            where padding costs less than to wait for lengths.

    Returns:
        (B, T, V), with gradients, 0 beyond the longest sequence of a row's chunk.
    """
    tokens, lengths = batch.tokens, batch.lengths
    at_once = len(batch) <= CHUNK or tokens.is_cuda
    if at_once or bool((lengths == tokens.shape[1]).all()):
        return network(tokens)
    order = lengths.argsort(stable=True)
    parts = []
    for rows in order.split(CHUNK):
        longest = int(lengths[rows[-1]])
        part = network(tokens[rows, :longest])  # (b, t, V)
        parts.append(F.pad(part, (0, 0, 0, tokens.shape[1] - longest)))
    return torch.cat(parts)[order.argsort()]
