"""The toy problem: a random recurrent prior and a random reward over a few thousand sequences."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.exact import (
    HardOptimum,
    Levels,
    SequenceSpace,
    SoftOptimum,
    hard_optimum,
    soft_optimum,
)
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
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
        self.names = ("prefix", "pair")
        self.weights = torch.ones(2, dtype=torch.float64)
        self.terminal = terminal
        self._length = length
        # Coding a token a as the digit a + 1 in base V + 1 gives prefixes of all lengths codes
        # of their own, and leaves 0 to the token before the first.
        self._base = vocab_size + 1
        sizes = (self._base**length, self._base * self._base)
        by_prefix, by_pair = (
            torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes
        )
        self._by_prefix, self._by_pair = PREFIX_SCALE * by_prefix, PAIR_SCALE * by_pair

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
        paid = batch.mask.cpu()  # (B, T)
        if self.terminal:
            paid = torch.arange(paid.shape[1]) == batch.lengths.cpu()[:, None] - 1
        return terms.where(paid[:, :, None], 0.0).to(batch.tokens.device)


RECURRENT_SPREAD, HEAD_SPREAD = 3.0, 12.0
"""Factors on the usual range of initial weights, 1 / sqrt(H). With them a next token's entropy is
about .9 nats of the 1.39 possible and differs from state to state, and early tokens are
remembered."""


@dataclass(frozen=True)
class ToyProblem:
    """A prior, a reward, and the space on which both are known everywhere.

    Attributes:
        prior: random LSTM.
        reward: random payments.
        space: vocabulary, length and end token.
    """

    prior: NeuralPrior
    reward: ToyReward
    space: SequenceSpace

    def soft_optimum(self, c: float, discount: float) -> SoftOptimum:
        """What Psi- and G-learning converge to."""
        return soft_optimum(self.log_prior(), self.rewards(), c, discount)

    def hard_optimum(self, c: float, discount: float, *, augmented: bool = True) -> HardOptimum:
        """What Q-learning converges to, with log-prior augmentation or without any prior."""
        log_prior = self.log_prior() if augmented else None
        return hard_optimum(self.rewards(), c, discount, log_prior)

    def log_prior(self) -> Levels:
        """Log p(a|s) at every prefix."""
        return self.space.log_policy(self.prior.sequence_log_probs)

    def rewards(self) -> Levels:
        """What each token is paid after every prefix."""
        return self.space.rewards(self._total)

    def _total(self, batch: SequenceBatch) -> torch.Tensor:
        """(B, T) weighted sum of the terms."""
        return self.reward(batch) @ self.reward.weights.to(batch.tokens.device)


def make_toy(
    seed: int,
    *,
    vocab_size: int = 4,
    length: int = 6,
    width: int = 64,
    terminal: bool = False,
    end_token: int | None = None,
) -> ToyProblem:
    """A toy problem, the same for the same arguments.

    Args:
        seed: of the prior's weights and the reward's numbers.
        vocab_size: V.
        length: T.
        width: cells of the prior, and so of the learner that starts from it.
        terminal: whether only the last token of a sequence is paid.
        end_token: the token that ends a sequence early; None: all have T tokens.
    """
    space = SequenceSpace(vocab_size, length, end_token)
    generator = torch.Generator().manual_seed(seed)
    network = RecurrentNetwork(RecurrentSettings(width=width), vocab_size, vocab_size)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            spread = HEAD_SPREAD if name.startswith("head") else RECURRENT_SPREAD
            bound = spread / width**0.5
            parameter.uniform_(-bound, bound, generator=generator)
    reward = ToyReward(vocab_size, length, generator, terminal=terminal)
    return ToyProblem(NeuralPrior(network), reward, space)
