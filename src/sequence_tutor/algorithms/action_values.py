"""The algorithms of the paper, each in three lines: its value, what a step pays, its equation.

Everything else is shared. Writing X for the action values (Q, Psi or G) and V for their value,
every one of the four obeys  X(s_t, a_t) = pays_t + gamma V(s_t+1)  for every token, likely or not,
because writing a token leads to one next state only. `losses` makes of it the one-step error of the
paper, and the path-consistent errors of many steps.
"""

from __future__ import annotations

from torch import Tensor

from sequence_tutor.algorithms.experience import Experience
from sequence_tutor.algorithms.losses import FORMS, ActionValueMethod
from sequence_tutor.objectives.action_values import (
    g_error,
    g_policy,
    g_value,
    psi_error,
    q_error,
    q_value,
)


class PsiLearning(ActionValueMethod):
    """Generalised Psi-learning (2017 Eq. 14)."""

    name = "psi"
    equation = staticmethod(psi_error)


class GLearning(ActionValueMethod):
    """G-learning (2017 Eq. 15); the prior is in its value and policy, not in what a step pays."""

    name = "g"
    mixes_prior = True
    starts = ("zero", "weights")
    equation = staticmethod(g_error)

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The prior times exp(G), normalised."""
        return g_policy(values, _there(log_prior))

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The log of the prior's mean of exp(G)."""
        return g_value(values, _there(log_prior))

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward

    def reference(self, seen: Experience) -> Tensor | None:
        """Log p(.|s), (B, T, V)."""
        return seen.log_prior


class QLearning(ActionValueMethod):
    """Q-learning with log-prior augmentation (2017 Eq. 4); its policy is the softmax of Q."""

    name = "q"
    fits = "hard"
    reads = (*FORMS, "double")
    equation = staticmethod(q_error)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The largest Q."""
        return q_value(values)


class RLOnly(QLearning):
    """Q-learning on the task reward alone: the paper's baseline, which forgets the prior."""

    name = "rl-only"
    held = False

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward

    def reference(self, seen: Experience) -> Tensor | None:
        """None."""
        return None


def _there(log_prior: Tensor | None) -> Tensor:
    if log_prior is None:
        raise ValueError("G-learning needs the prior's log-probabilities")
    return log_prior
