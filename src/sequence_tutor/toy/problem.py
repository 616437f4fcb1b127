"""The toy problem: a random recurrent prior and a random reward over a few thousand sequences."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sequence_tutor.exact import HardOptimum, SequenceSpace, SoftOptimum, hard_optimum, soft_optimum
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.reward import ToyReward

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
        log_prior = self.space.log_policy(self.prior.sequence_log_probs)
        return soft_optimum(log_prior, self.space.rewards(self._total), c, discount)

    def hard_optimum(self, c: float, discount: float, *, augmented: bool = True) -> HardOptimum:
        """What Q-learning converges to, with log-prior augmentation or without any prior."""
        log_prior = self.space.log_policy(self.prior.sequence_log_probs) if augmented else None
        return hard_optimum(self.space.rewards(self._total), c, discount, log_prior)

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
