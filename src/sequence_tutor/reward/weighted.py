"""Rewards of named terms, each with a weight; terms are scored apart and summed later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import SettingsError
from sequence_tutor.reward.looking_ahead import declared
from sequence_tutor.reward.protocol import Explains, Reports, Reward
from sequence_tutor.sequences import SequenceBatch

EXTENDS_HINT = '; a file that changes a preset\'s weights says extends = "default" under [reward]'
"""The end of a sentence about a reward that pays for nothing."""

AHEAD = "looks_ahead"
"""An attribute, true of a term whose payments at a step depend on later tokens."""

View = TypeVar("View")
"""A batch as a domain's terms see it, with whatever they share computed once."""


class ComputesTerms(Protocol):
    """Computes some terms, such as in other processes.

    Attributes:
        names: of the terms.
    """

    names: Collection[str]

    def __call__(self, batch: SequenceBatch, names: Collection[str]) -> Mapping[str, Tensor]:
        """(B, T) float64 for each of some terms."""


class WeightedReward(Generic[View]):
    """Named terms over a shared view of the batch; the weights stay beside the terms.

    A term of weight 0 is off: it is neither computed nor named, unless `score_all` asks for it
    for a report, where it still has weight 0.

    Attributes:
        is_slow: whether terms are computed elsewhere. Satisfies `Prepares`.
    """

    def __init__(
        self,
        view: Callable[[SequenceBatch], View],
        terms: Mapping[str, Callable[[View], Tensor]],
        weights: Mapping[str, float],
        *,
        score_all: bool = False,
        elsewhere: ComputesTerms | None = None,
    ) -> None:
        """Choose the terms that are computed.

        Args:
            view: makes what the terms are given, once per batch.
            terms: name -> function of a view, giving (B, T) float64, 0 beyond each length.
            weights: name -> weight; 1 where a term is not named.
            score_all: compute the terms of weight 0 too.
            elsewhere: computes some of the terms in place of their functions, and keeps what it
                has computed; None: there are none.

        Raises:
            UserError: when a weight names no term, or every term is off.
        """
        for name in weights:
            if name not in terms:
                raise SettingsError(f"weight for unknown rule {name!r}: {nearest(name, terms)}")
        every = {name: float(weights.get(name, 1.0)) for name in terms}
        self._on = {name: weight for name, weight in every.items() if weight or score_all}
        if not any(self._on.values()):
            raise SettingsError(
                f"every rule has weight 0, expected at least one that is not{EXTENDS_HINT}"
            )
        self._terms = {name: terms[name] for name in self._on}
        self._view, self._elsewhere = view, elsewhere
        self.is_slow = elsewhere is not None
        self.left_out: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The R terms, in the order of the last axis of `__call__`."""
        return tuple(self._on)

    @property
    def weights(self) -> Tensor:
        """(R,) float64: the weight of each term."""
        return torch.tensor(list(self._on.values()), dtype=torch.float64)

    @property
    def looks_ahead(self) -> tuple[str, ...]:
        """The terms that say of themselves that they look ahead."""
        return tuple(name for name, term in self._terms.items() if getattr(term, AHEAD, False))

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64: what each term pays at each step, unscaled."""
        return self._paid(batch, self._terms.keys() - self.left_out)

    def prepare(self, batch: SequenceBatch) -> None:
        """Compute what is computed elsewhere, for when the reward is asked."""
        self._paid_elsewhere(batch, self._terms.keys() - self.left_out)

    def leave_out(self, names: Collection[str]) -> None:
        """Do not compute these terms from now on; see `reward.protocol.LeavesOut`."""
        self.left_out = frozenset(names) & self._terms.keys()

    def complete(self, batch: SequenceBatch, terms: Tensor, names: Collection[str]) -> Tensor:
        """(B, T, R) with the columns of `names` computed."""
        found = self._paid(batch, names).to(terms)
        added = torch.tensor([name in names for name in self.names], device=terms.device)
        return torch.where(added, found, terms)

    def _paid(self, batch: SequenceBatch, names: Collection[str]) -> Tensor:
        """(B, T, R) float64: what some terms pay, 0 for the others."""
        found = self._paid_elsewhere(batch, names)
        view = self._view(batch)
        nothing = torch.zeros_like(batch.tokens, dtype=torch.float64)
        return stack_terms(
            [
                found[name] if name in found else term(view) if name in names else nothing
                for name, term in self._terms.items()
            ]
        )

    def _paid_elsewhere(self, batch: SequenceBatch, names: Collection[str]) -> Mapping[str, Tensor]:
        if self._elsewhere is None:
            return {}
        asked = [name for name in self._elsewhere.names if name in names and name in self._terms]
        return self._elsewhere(batch, asked) if asked else {}


def stack_terms(terms: Sequence[Tensor]) -> Tensor:
    """R tensors (B, T) as one (B, T, R).

    In memory the terms stay one after the other, which saves interleaving them.
    """
    return torch.stack(list(terms)).permute(1, 2, 0)


def weighted_total(terms: Tensor, weights: Tensor) -> Tensor:
    """The sum of weights x terms.

    Args:
        terms: (B, T, R).
        weights: (R,).

    Returns:
        (B, T).
    """
    if weights.shape != terms.shape[-1:]:
        raise ValueError(f"weights {tuple(weights.shape)} must match terms {tuple(terms.shape)}")
    return terms @ weights.to(terms)


class Reweighted:
    """A reward with other weights for its terms. Satisfies `Reward`.

    Args:
        reward: scores as before.
        weights: (R,).
    """

    def __init__(self, reward: Reward, weights: Tensor) -> None:
        self.reward, self.weights = reward, weights

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the reward."""
        return self.reward.names

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64: what each term pays, unscaled."""
        return self.reward(batch)

    @property
    def looks_ahead(self) -> tuple[str, ...]:
        """Those of the reward."""
        return declared(self.reward)

    def report(self) -> dict[str, float]:
        """Those of the reward, if it has any. Satisfies `Reports`."""
        return self.reward.report() if isinstance(self.reward, Reports) else {}


def without_weights(reward: Reward) -> Reward:
    """The reward, or the one that it gives other weights."""
    while isinstance(reward, Reweighted):
        reward = reward.reward
    return reward


def explaining(reward: Reward) -> Explains | None:
    """The reward, or the one that it gives other weights, if it explains itself."""
    reward = without_weights(reward)
    return reward if isinstance(reward, Explains) else None


class UnknownReward:
    """No terms, so nothing is paid: what a run's records would execute was not allowed."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.weights = torch.zeros(0, dtype=torch.float64)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, 0)."""
        return torch.zeros(*batch.tokens.shape, 0, dtype=torch.float64)


@runtime_checkable
class Describes(Protocol):
    """A reward whose weights do not tell how it is made, such as a mean of several terms."""

    def describe(self) -> str:
        """How it is made, in the words of `weights_in_words`."""


def effective_weights(reward: Reward) -> str:
    """What a reward pays for, such as `reward: tonic 3, leap 1`; never more than one line."""
    if isinstance(reward, Reweighted) and torch.equal(reward.weights, reward.reward.weights):
        return effective_weights(reward.reward)
    if isinstance(reward, Describes):
        return f"reward: {reward.describe()}"
    weights = zip(reward.names, reward.weights.tolist(), strict=True)
    return f"reward: {weights_in_words(dict(weights))}"


def weights_in_words(weights: Mapping[str, float]) -> str:
    """`tonic 3, leap 1`: what has a weight of 0 is left out."""
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items() if weight)
