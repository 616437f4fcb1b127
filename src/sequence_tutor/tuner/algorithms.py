"""The algorithms of the paper, each in three lines: its policy, its value, what a step pays.

Everything else is shared. Writing X for the action values (Q, Psi or G) and V for their value,
every one of the four obeys  X(s_t, a_t) = pays_t + gamma V(s_t+1)  for every token, likely or not,
because writing a token leads to one next state only. `tuner.losses` makes of it the one-step error
of the paper, and the path-consistent errors of many steps.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import (
    g_policy,
    g_value,
    psi_policy,
    psi_value,
    q_value,
)
from sequence_tutor.tuner import losses
from sequence_tutor.tuner.experience import Experience, Graded
from sequence_tutor.tuner.settings import AlgorithmName, TuneSettings


class Algorithm(Protocol):
    """What the loop needs to know of an algorithm."""

    name: AlgorithmName
    mixes_prior: bool  # whether the policy needs p(.|s) beside the action values
    starts: tuple[Start, ...]  # how its values may begin, the default first

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """Log pi(.|s), (..., V), from action values (..., V)."""

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """V(s), (...), from action values (..., V)."""

    def grade(
        self,
        settings: TuneSettings,
        values: Tensor,
        level: Tensor,
        target_values: Tensor | None,
        seen: Experience,
    ) -> Graded:
        """The loss of a batch.

        Args:
            settings: choose its form.
            values: (B, T, V) of the network that learns.
            level: (B, T), what all action values of a state share.
            target_values: (B, T, V) of a target network, if the form has one.
            seen: the batch.
        """


class ValueAlgorithm(Algorithm, losses.ActionValues, Protocol):
    """An algorithm whose loss is an error of action values, see `tuner.losses`."""


class PsiLearning:
    """Generalised Psi-learning (2017 Eq. 14)."""

    name: AlgorithmName = "psi"
    mixes_prior = False
    starts: tuple[Start, ...] = ("log_prior", "weights")
    grade = losses.grade

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of Psi."""
        return psi_policy(values)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The log-sum-exp of Psi."""
        return psi_value(values)

    def pays(self, seen: Experience) -> Tensor:
        """R / c + log p."""
        return seen.reward + seen.log_prior


class GLearning:
    """G-learning (2017 Eq. 15)."""

    name: AlgorithmName = "g"
    mixes_prior = True
    starts: tuple[Start, ...] = ("zero", "weights")
    grade = losses.grade

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The prior times exp(G), normalised."""
        if log_prior is None:
            raise ValueError("G-learning's policy needs the prior's log-probabilities")
        return g_policy(values, log_prior)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The log of the prior's mean of exp(G)."""
        if log_prior is None:
            raise ValueError("G-learning's value needs the prior's log-probabilities")
        return g_value(values, log_prior)

    def pays(self, seen: Experience) -> Tensor:
        """R / c; the prior is in the value."""
        return seen.reward


class QLearning:
    """Q-learning with log-prior augmentation (2017 Eq. 4)."""

    name: AlgorithmName = "q"
    mixes_prior = False
    starts: tuple[Start, ...] = ("log_prior", "weights")
    grade = losses.grade

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The softmax of Q, as the paper samples a trained Q."""
        return psi_policy(values)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The largest Q."""
        return q_value(values)

    def pays(self, seen: Experience) -> Tensor:
        """R / c + log p."""
        return seen.reward + seen.log_prior


class RLOnly(QLearning):
    """Q-learning on the task reward alone: the paper's baseline, which forgets the prior."""

    name: AlgorithmName = "rl-only"

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward


ALGORITHMS: dict[AlgorithmName, ValueAlgorithm] = {
    algorithm.name: algorithm for algorithm in (PsiLearning(), GLearning(), QLearning(), RLOnly())
}
"""The paper's algorithms by the name users give."""
