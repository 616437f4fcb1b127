"""What a reward is: named terms per token, kept apart until the moment of learning."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


class Reward(Protocol):
    """Scores whole batches of sequences, term by term.

    Terms are unscaled: weights and the temperature c are applied by the learner, so that a new
    weight or a new c needs no new scoring. What a term pays at a step depends on the tokens up to
    that step; one that looks ahead is named by `looks_ahead`, see `reward.looking_ahead`.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The R terms, in the order of the last axis of `__call__`."""

    @property
    def weights(self) -> Tensor:
        """(R,) the weight of each term in the total."""

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64: what each term pays at each step; 0 beyond a sequence's length."""


@runtime_checkable
class Reports(Protocol):
    """A reward that can say more of a run than what it pays: what it could not score, what it met.

    The figures go into the log at every evaluation.
    """

    def report(self) -> dict[str, float]:
        """Figures by name, all of the run so far; none where there is nothing to say."""


@runtime_checkable
class Explains(Protocol):
    """A reward whose terms are made of numbers of their own, such as a descriptor of a molecule."""

    @property
    def better(self) -> Mapping[str, Literal["higher", "lower", "nearer 0"] | None]:
        """Statistic -> which way it improves by this reward; None: neither way."""

    def explain(self, batch: SequenceBatch) -> Mapping[str, Tensor]:
        """The numbers of each sequence, NaN where there is none.

        Returns:
            Name -> (B,) float64: a term's own number, and as `NAME_score` what its transform makes
            of it.
        """


@runtime_checkable
class KeepsScores(Protocol):
    """A reward some of whose scores cost so much that none is to be computed twice."""

    @property
    def is_expensive(self) -> bool:
        """Whether evaluations are to do with the scores of what was collected last."""

    def keep_scores(self, folder: Path) -> None:
        """Keep such scores in a folder, and use those that it has."""


@runtime_checkable
class Prepares(Protocol):
    """A reward part of which takes long and depends on the sequence alone."""

    @property
    def is_slow(self) -> bool:
        """Whether that may take minutes, so that it must be possible to interrupt it."""

    def prepare(self, batch: SequenceBatch) -> None:
        """Compute that part, for when the reward is asked; another thread may do so."""


@runtime_checkable
class Remembers(Protocol):
    """A reward that depends on what the run has found, such as a penalty for finding it again.

    The loop scores what it collected and only then lets the reward remember it; evaluation never
    does, so that it leaves training untouched. Between two calls of `remember` the reward is as
    deterministic as any other.
    """

    def remember(self, batch: SequenceBatch) -> None:
        """Take note of sequences that have been scored."""

    def state(self) -> dict[str, Tensor]:
        """Everything remembered."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved memory back."""


@runtime_checkable
class LeavesOut(Protocol):
    """A reward that can leave terms uncomputed while they weigh nothing, such as in a stage.

    Attributes:
        left_out: the terms that are not computed now; they pay 0.
    """

    left_out: frozenset[str]

    def leave_out(self, names: Collection[str]) -> None:
        """From now on do not compute these terms, as far as that saves work; compute all others."""

    def complete(self, batch: SequenceBatch, terms: Tensor, names: Collection[str]) -> Tensor:
        """Add what some terms pay to payments that were computed without them.

        Args:
            batch: B sequences.
            terms: (B, T, R) what was paid, 0 in the columns of `names`.
            names: terms that were left out then and are not now.

        Returns:
            (B, T, R) what would have been paid with them.
        """


@runtime_checkable
class Aggregates(Protocol):
    """A reward one of whose terms is made of others, such as a mean of them with weights.

    The others are terms, too, of weight 0 in the total. So they are stored, and other shares of
    them need no new scores.
    """

    @property
    def aggregate(self) -> str:
        """The term that is made of the others."""

    @property
    def shares(self) -> Mapping[str, float]:
        """Term -> its weight in the aggregate, 0 or more; empty: no term is made of others."""

    def share(self, shares: Mapping[str, float]) -> None:
        """From now on make the aggregate with these weights; `LeavesOut.complete` makes it anew."""


def shares_of(reward: Reward) -> Mapping[str, float]:
    """The weights of the terms that another one is made of; empty: none is."""
    return reward.shares if isinstance(reward, Aggregates) else {}


def left_out(reward: Reward) -> frozenset[str]:
    """The terms that a reward does not compute now."""
    return reward.left_out if isinstance(reward, LeavesOut) else frozenset()
