"""What every network here is: the tokens so far in, numbers about the next one out."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

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
