"""Random rewards that depend on everything written so far."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch

PREFIX_SCALE, PAIR_SCALE = 1.0, 1.0
"""Standard deviations of the two terms; their sum has 1.4."""


class ToyReward:
    """Two terms of random payments. Satisfies `reward.protocol.Reward`.

    - `prefix`: one number for every possible beginning of a sequence, so nothing but the whole
      history predicts it;
    - `pair`: one number for every two neighbouring tokens (and for every first token).

    Args:
        vocab_size: V.
        length: T, the most tokens of a sequence.
        generator: source of the numbers.
        terminal: pay at the last token of a sequence only.
    """

    def __init__(
        self, vocab_size: int, length: int, generator: torch.Generator, *, terminal: bool = False
    ) -> None:
        self.terminal = terminal
        self._length = length
        # Coding a token a as the digit a + 1 in base V + 1 gives prefixes of all lengths codes
        # of their own, and leaves 0 to the token before the first.
        self._base = vocab_size + 1
        self._by_prefix = PREFIX_SCALE * _normal(self._base**length, generator)
        self._by_pair = PAIR_SCALE * _normal(self._base * self._base, generator)

    @property
    def names(self) -> tuple[str, ...]:
        """The terms."""
        return ("prefix", "pair")

    @property
    def weights(self) -> Tensor:
        """(2,) ones."""
        return torch.ones(2, dtype=torch.float64)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, 2) float64, zero beyond a sequence's length.

        Raises:
            UserError: a sequence is longer than the reward has numbers for.
        """
        if batch.tokens.shape[1] > self._length:
            raise UserError(
                f"a sequence has {batch.tokens.shape[1]} tokens, expected at most {self._length}"
            )
        digits = batch.tokens.cpu() + 1  # (B, T)
        previous = torch.nn.functional.pad(digits[:, :-1], (1, 0))
        code = torch.zeros_like(digits)
        for t in range(digits.shape[1]):
            code[:, t] = digits[:, t] if t == 0 else code[:, t - 1] * self._base + digits[:, t]
        pair = previous * self._base + digits
        terms = torch.stack([self._by_prefix[code], self._by_pair[pair]], dim=2)  # (B, T, 2)
        return terms.where(self._paid(batch).cpu()[:, :, None], 0.0).to(batch.tokens.device)

    def _paid(self, batch: SequenceBatch) -> Tensor:
        """(B, T) bool: the steps that pay."""
        if not self.terminal:
            return batch.mask
        steps = torch.arange(batch.tokens.shape[1], device=batch.tokens.device)
        return steps == batch.lengths[:, None] - 1


def _normal(count: int, generator: torch.Generator) -> Tensor:
    return torch.randn(count, generator=generator, dtype=torch.float64)
