"""What a method sees of a replayed batch, and what it answers."""

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
        log_prior: (B, T), log p(a_t|s_t) of the tokens that were taken.
        prior: (B, T, V), log p(.|s_t); None where the method's values and policy need none.
        learned: (B, T) bool: the steps whose errors count; inside the mask, after a given prefix,
            and where a step was drawn that step alone.
        weight: (B,), how much the errors of each sequence count.
    """

    tokens: Tensor
    mask: Tensor
    reward: Tensor
    log_prior: Tensor
    prior: Tensor | None
    learned: Tensor
    weight: Tensor


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
