"""What an algorithm sees of a replayed batch, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Experience:
    """A replayed batch as an algorithm sees it.

    Attributes:
        tokens: (B, T).
        mask: (B, T) bool.
        reward: (B, T), r_t / c.
        log_prior_taken: (B, T), log p(a_t|s_t) of the tokens that were taken.
        log_prior: (B, T, V), log p(.|s_t); None where the algorithm does not mix it in.
        learned: (B, T) bool: the steps whose errors count; inside the mask, after a given prefix,
            and where a step was drawn that step alone.
        weight: (B,), how much the errors of each sequence count.
    """

    tokens: Tensor
    mask: Tensor
    reward: Tensor
    log_prior_taken: Tensor
    log_prior: Tensor | None
    learned: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Predicted:
    """What the networks say of a batch.

    Attributes:
        values: (B, T, V), action values of the network that learns.
        level: (B, T), what all action values of a state share.
        target: (B, T, V) of the target network, without gradient; None: there is none.
    """

    values: Tensor
    level: Tensor
    target: Tensor | None = None


@dataclass(frozen=True)
class Graded:
    """What a batch was found to miss.

    Attributes:
        loss: a scalar to descend.
        by_sequence: (B,), TD error of each sequence, without gradient.
        by_step: (B, T), TD error of each step, without gradient; None: only sequences have one.
    """

    loss: Tensor
    by_sequence: Tensor
    by_step: Tensor | None
