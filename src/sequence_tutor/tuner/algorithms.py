"""The algorithms of the paper: how each acts and what each calls an error.

An algorithm is two short functions of tensors over the pure mathematics of `objectives`; the loop
around them is one and the same (`tuner.loop`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import (
    best_return_target,
    g_policy,
    g_value,
    one_step_target,
    psi_policy,
    psi_value,
    q_value,
    shift_values,
    taken,
)
from sequence_tutor.objectives.path_consistency import residual


@dataclass(frozen=True)
class Experience:
    """A replayed batch as an algorithm sees it.

    Attributes:
        tokens: (B, T).
        mask: (B, T) bool.
        reward: (B, T), r_t / c.
        log_prior: (B, T, V), log p(.|s_t).
    """

    tokens: Tensor
    mask: Tensor
    reward: Tensor
    log_prior: Tensor


class Algorithm(Protocol):
    """What the loop needs to know of an algorithm."""

    @property
    def name(self) -> str:
        """The name users give."""

    @property
    def mixes_prior(self) -> bool:
        """Whether the policy needs p(.|s) beside the action values."""

    @property
    def uses_target(self) -> bool:
        """Whether `error` reads the target network's values."""

    @property
    def starts(self) -> tuple[Start, ...]:
        """The starts its values may have, the default first."""

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """Log pi(.|s), (..., V), from action values (..., V)."""

    def error(self, values: Tensor, target_values: Tensor | None, seen: Experience) -> Tensor:
        """The error of each step, (B, T), whose square is the loss; zero where masked.

        Args:
            values: (B, T, V) of the network that learns.
            target_values: (B, T, V) of the target network, None unless `uses_target`.
            seen: the replayed batch.
        """


@dataclass(frozen=True)
class PsiLearning:
    """Generalised Psi-learning (2017 Eq. 14); n > 1 or None is its path-consistent form."""

    discount: float
    n_steps: int | None = 1
    name: str = "psi"
    mixes_prior: bool = False
    starts: tuple[Start, ...] = ("log_prior", "weights")

    @property
    def uses_target(self) -> bool:
        """The one-step form bootstraps from the target network, the residual from itself."""
        return self.n_steps == 1

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of Psi."""
        return psi_policy(values)

    def error(self, values: Tensor, target_values: Tensor | None, seen: Experience) -> Tensor:
        """Psi minus its target, or the path-consistency residual."""
        log_prior = taken(seen.log_prior, seen.tokens)
        if target_values is not None:
            next_value = shift_values(psi_value(target_values), seen.mask)
            target = one_step_target(seen.reward + log_prior, next_value, self.discount)
            return (taken(values, seen.tokens) - target).where(seen.mask, 0.0)
        log_policy = taken(psi_policy(values), seen.tokens)
        surplus = seen.reward + log_prior - log_policy
        return residual(psi_value(values), surplus, seen.mask, self.discount, self.n_steps)


@dataclass(frozen=True)
class GLearning:
    """G-learning (2017 Eq. 15); n > 1 or None is its path-consistent form."""

    discount: float
    n_steps: int | None = 1
    name: str = "g"
    mixes_prior: bool = True
    starts: tuple[Start, ...] = ("zero", "weights")

    @property
    def uses_target(self) -> bool:
        """The one-step form bootstraps from the target network, the residual from itself."""
        return self.n_steps == 1

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The prior times exp(G), normalised."""
        assert log_prior is not None  # the loop gives it, because mixes_prior says so
        return g_policy(values, log_prior)

    def error(self, values: Tensor, target_values: Tensor | None, seen: Experience) -> Tensor:
        """G minus its target, or the path-consistency residual."""
        if target_values is not None:
            next_value = shift_values(g_value(target_values, seen.log_prior), seen.mask)
            target = one_step_target(seen.reward, next_value, self.discount)
            return (taken(values, seen.tokens) - target).where(seen.mask, 0.0)
        value = g_value(values, seen.log_prior)
        # log pi = log p + G - V, so r/c + log p - log pi = r/c - G + V: log p cancels
        surplus = seen.reward - taken(values, seen.tokens) + value
        return residual(value, surplus, seen.mask, self.discount, self.n_steps)


@dataclass(frozen=True)
class QLearning:
    """Q-learning with log-prior augmentation (2017 Eq. 4), or without any prior ("RL only").

    n_steps = 1 is the paper's target; None takes the best return along the sequence, which has
    the same fixed point (`best_return_target`).
    """

    discount: float
    n_steps: int | None = 1
    augmented: bool = True
    double: bool = False
    mixes_prior: bool = False
    uses_target: bool = True
    starts: tuple[Start, ...] = ("log_prior", "weights")

    @property
    def name(self) -> str:
        """`q`, or `rl-only` without the prior."""
        return "q" if self.augmented else "rl-only"

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of Q, as the paper samples a trained Q."""
        return psi_policy(values)

    def error(self, values: Tensor, target_values: Tensor | None, seen: Experience) -> Tensor:
        """Q minus its hard-Bellman target."""
        assert target_values is not None  # the loop gives it, because uses_target says so
        reward = seen.reward
        if self.augmented:
            reward = reward + taken(seen.log_prior, seen.tokens)
        value = q_value(target_values, values.detach() if self.double else None)
        form = one_step_target if self.n_steps == 1 else best_return_target
        target = form(
            reward.where(seen.mask, 0.0), shift_values(value, seen.mask), self.discount
        )
        return (taken(values, seen.tokens) - target).where(seen.mask, 0.0)
