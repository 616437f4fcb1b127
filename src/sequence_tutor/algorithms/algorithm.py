"""The interface of an algorithm: its traits, its policy and value, and the loss of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.exact import Levels, hard_optimum, soft_optimum
from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import psi_policy, psi_value


@dataclass(frozen=True)
class Experience:
    """A replayed batch as an algorithm sees it.

    Attributes:
        tokens: (B, T).
        mask: (B, T) bool.
        reward: (B, T), r_t / c.
        log_prior_taken: (B, T), log p(a_t|s_t) of the tokens that were taken.
        log_prior: (B, T, V), log p(.|s_t); None if the algorithm does not mix it in.
        learned: (B, T) bool: the steps whose errors count. They are inside the mask and after a
            given prefix; if replay drew a single step, it is that step alone.
        weight: (B,), factor of the errors of each sequence.
        c: temperature, by which `reward` is divided.
        given: (B, T) bool: steps whose tokens are data, which the policy continued; None: none are.
    """

    tokens: Tensor
    mask: Tensor
    reward: Tensor
    log_prior_taken: Tensor
    log_prior: Tensor | None
    learned: Tensor
    weight: Tensor
    c: float = 1.0
    given: Tensor | None = None


@dataclass(frozen=True)
class Predicted:
    """Outputs of the networks for a batch.

    Attributes:
        values: (B, T, V), action values of the network that learns.
        level: (B, T), the summand that all action values of a state share.
        target: (B, T, V) of the target network, without gradient; None: there is none.
        critic: (B, T, V) of the second network; None: there is none.
        critic_target: (B, T, V) of its slow copy, without gradient.
    """

    values: Tensor
    level: Tensor
    target: Tensor | None = None
    critic: Tensor | None = None
    critic_target: Tensor | None = None


Target = Literal["none", "average", "snapshot", "proposal"]
"""Kinds of target networks, see `Algorithm`."""


@dataclass(frozen=True)
class Graded:
    """The loss of a batch and its errors.

    Attributes:
        loss: a scalar to minimise.
        by_sequence: (B,), TD error of each sequence, without gradient.
        by_step: (B, T), TD error of each step, without gradient; None: only sequences have one.
        renews: whether the policy, as it is before the update, becomes the proposal.
    """

    loss: Tensor
    by_sequence: Tensor
    by_step: Tensor | None
    renews: bool = False


class Algorithm(ABC):
    """An algorithm; the program asks for its traits, never for its name.

    Attributes:
        name: as users give it.
        on_policy: whether it learns only from sequences that the policy has just sampled.
        fits: its V(s): `soft`, a log-sum-exp over what can follow; `hard`, the maximum over what
            can follow; `none`, it learns no V.
        held: whether its objective is that of KL-control: reward minus KL(pi || p).
        compares: whether it learns from a sequence only in comparison with others of its batch.
        takes_given: whether it continues beginnings of data, as `exploration.given` asks.
        edits: whether whole sequences are data that is edited at temperature c: `replace`, each
            token by itself; `distance`, tokens are inserted and deleted, too; `none`.
        target: its target network: `average` follows the learning network slowly, `snapshot` is a
            copy from when the last sequences were collected, `proposal` a copy that samples the
            sequences itself until a loss renews it, `none`.
        two_networks: whether a second network learns action values beside that of the policy.
        mixes_prior: whether policy and value need log p(.|s) in addition to the action values.
        starts: possible initial values, the default first.
        reads: dotted names of the loss settings that it uses, of those in `loss_settings.UNREAD`; a
            user who sets one that it does not use gets an error.
        needs: tables of settings that override every preset.
        verified_with: settings with which `verify` trains it; None: it is not verified.
    """

    name: str
    on_policy: bool = False
    fits: Literal["soft", "hard", "none"] = "soft"
    held: bool = True
    compares: bool = False
    takes_given: bool = False
    edits: Literal["none", "replace", "distance"] = "none"
    target: Target = "none"
    two_networks: bool = False
    mixes_prior: bool = False
    starts: tuple[Start, ...] = ("log_prior",)
    reads: tuple[str, ...] = ()
    needs: Mapping[str, Any] = {}
    verified_with: Mapping[str, Any] | None = None

    @property
    def takes_aims(self) -> bool:
        """Whether multipliers can follow its policy: held, and its new sequences are its own."""
        return self.held and self.target != "proposal"

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """Log pi(.|s), (..., V), from action values (..., V): their softmax."""
        return psi_policy(values)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """V(s), (...), from action values (..., V): their log-sum-exp."""
        return psi_value(values)

    def optimum(
        self, log_prior: Levels, reward: Levels, c: float, discount: float
    ) -> Levels | None:
        """Log pi of its fixed point, where all sequences can be enumerated; None: it has none.

        Args:
            log_prior: log p(a|s) at every prefix, see `exact.space`.
            reward: r(s, a).
            c: temperature.
            discount: gamma.
        """
        if self.fits == "hard":
            augmented = log_prior if self.held else None
            return hard_optimum(reward, c, discount, augmented).log_policy
        return soft_optimum(log_prior, reward, c, discount).log_policy

    @abstractmethod
    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch.

        Args:
            settings: they choose the form of the loss.
            said: outputs of the networks for the batch.
            seen: the batch.
        """
