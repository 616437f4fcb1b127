"""Rows of a domain's tables, counted sequence by sequence: what statistics and aims are made of.

A row is the sum of its numerators over the sum of its denominators. Each row is therefore a moment
of the policy: E[numerator] - b E[denominator] >= 0 says that the row is at least b.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

Value = TypeVar("Value")

Kind = Literal["mean", "share", "share of steps", "ratio"]
"""How the interval of a row is computed.

- mean: of one number a sequence, Student's; sequences without one have a denominator of 0.
- share: of the sequences that have a property, Wilson's; those it cannot be asked of have a
  denominator of 0.
- share of steps: steps with a property among steps of the same sequences; within 0..1.
- ratio: any other quotient of sums, by the delta method.
"""


@dataclass(frozen=True)
class Counts:
    """What one row counts, sequence by sequence.

    Attributes:
        numerators: (B,) float64; 0 where the quantity is undefined.
        denominators: (B,) float64; 1 for a mean or a share of sequences, 0 where the quantity is
            undefined, the number of steps for a share of steps.
    """

    numerators: Tensor
    denominators: Tensor

    def __post_init__(self) -> None:
        """Check shapes."""
        if self.numerators.dim() != 1 or self.numerators.shape != self.denominators.shape:
            raise ValueError(
                f"expected (B,) numerators and denominators, got {tuple(self.numerators.shape)} "
                f"and {tuple(self.denominators.shape)}"
            )

    @property
    def value(self) -> float:
        """The row over these sequences; NaN where no sequence defines it."""
        below = float(self.denominators.sum())
        return float(self.numerators.sum()) / below if below else math.nan


@dataclass(frozen=True)
class StepCounts:
    """At which steps one row counts, for rows that are known before a sequence ends.

    What a step counts depends on its token and on those before it, never on later ones, so that a
    multiplier can be paid where the count is made.

    Attributes:
        numerators: (B, T), 0 beyond the end of a sequence; likewise `denominators`.
    """

    numerators: Tensor
    denominators: Tensor

    @property
    def sums(self) -> Counts:
        """The counts of whole sequences."""
        return Counts(self.numerators.double().sum(1), self.denominators.double().sum(1))


@dataclass(frozen=True)
class RowRange:
    """What a row can be.

    Attributes:
        low: the least value; -inf where there is none.
        high: the largest value; inf where there is none.
        kind: how its interval is computed.
        of_training: whether it compares with the training data, so that it says nothing of these.
        of_reward: whether it is of a term of the reward rather than of the domain's own tables.
    """

    low: float = -math.inf
    high: float = math.inf
    kind: Kind = "mean"
    of_training: bool = False
    of_reward: bool = False

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction, which tables show in percent."""
        return self.kind in ("share", "share of steps")


SHARE = RowRange(0.0, 1.0, "share")
SHARE_OF_STEPS = RowRange(0.0, 1.0, "share of steps")
SHARE_OF_TRAINING = RowRange(0.0, 1.0, "share", of_training=True)


class Rows(Protocol):
    """Per-sequence counts of every row that a domain can measure on its sequences."""

    def ranges(self) -> Mapping[str, RowRange]:
        """Row -> what it can be, in the order of the tables."""

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """What each row counts in a batch.

        Args:
            batch: B sequences.
            terms: (B, T, R) what the reward's terms pay, where the caller knows it; otherwise the
                reward is computed if a row needs it.
        """


@runtime_checkable
class RowsByStep(Rows, Protocol):
    """Rows, of which some know at which steps they count."""

    def steps(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, StepCounts]:
        """Where those rows count; their sums are what `count` gives. Arguments as there."""


class RewardRows:
    """One row for each term of a reward: the mean of what it pays a sequence, unweighted.

    Satisfies `Rows`.

    Args:
        reward: any.
        names: of the terms wanted; None: all.
    """

    def __init__(self, reward: Reward, names: Collection[str] | None = None) -> None:
        self._reward = reward
        self._names = [name for name in reward.names if names is None or name in names]

    def ranges(self) -> Mapping[str, RowRange]:
        """No term is bounded."""
        return dict.fromkeys(self._names, RowRange(of_reward=True))

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """The sum of each term over each sequence."""
        if not self._names:
            return {}
        paid = self._reward(batch) if terms is None else terms  # (B, T, R)
        sums = paid.double().sum(1)  # (B, R)
        columns = dict(zip(self._reward.names, sums.unbind(1), strict=True))
        return {name: numbers(columns[name]) for name in self._names}

    def steps(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, StepCounts]:
        """Each step's payment; a sequence counts once, at its last step."""
        if not self._names:
            return {}
        paid = self._reward(batch) if terms is None else terms  # (B, T, R)
        columns = dict(zip(self._reward.names, paid.unbind(2), strict=True))
        ends = batch.last.to(paid)
        return {name: StepCounts(columns[name], ends) for name in self._names}


class JoinedRows:
    """Rows of several sources; of two with one name the first counts. Satisfies `Rows`.

    Args:
        sources: what counts, the domain's own rows before those of the reward's terms.
    """

    def __init__(self, *sources: Rows) -> None:
        self._sources = sources

    def ranges(self) -> Mapping[str, RowRange]:
        """Those of all sources."""
        return _first_of_each(source.ranges() for source in self._sources)

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """Those of all sources."""
        return _first_of_each(source.count(batch, terms) for source in self._sources)

    def steps(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, StepCounts]:
        """Those of all sources that know them."""
        found: dict[str, StepCounts] = {}
        taken: set[str] = set()
        for source in self._sources:
            known = source.steps(batch, terms) if isinstance(source, RowsByStep) else {}
            found |= {name: one for name, one in known.items() if name not in taken}
            taken |= source.ranges().keys()
        return found


def _first_of_each(tables: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    """All names of some tables, each with its value in the first table that has it."""
    found: dict[str, Value] = {}
    for table in tables:
        for name, value in table.items():
            found.setdefault(name, value)
    return found


def numbers(values: Tensor) -> Counts:
    """A mean of one number a sequence, (B,); NaN where a sequence has none."""
    defined = ~values.isnan()
    return Counts(values.double().where(defined, 0.0), defined.double())


def having(has: Tensor, among: Tensor | None = None) -> Counts:
    """A share of sequences with a property.

    Args:
        has: (B,) bool.
        among: (B,) bool, the sequences that it is asked of; None: all.
    """
    if among is None:
        return Counts(has.double(), torch.ones_like(has, dtype=torch.float64))
    return Counts((has & among).double(), among.double())


def steps_having(fired: Tensor, among: Tensor) -> StepCounts:
    """A share of steps.

    Args:
        fired: (B, T) bool, steps with a property.
        among: (B, T) bool, the steps that it is asked of.
    """
    return StepCounts((fired & among).float(), among.float())


def decided(has: Tensor, at: Tensor) -> StepCounts:
    """A share of sequences with a property that one step of each decides.

    Args:
        has: (B,) bool.
        at: (B, T) bool, True at one step of each sequence.
    """
    return StepCounts((at & has[:, None]).float(), at.float())


def ratio(numerators: Tensor, denominators: Tensor) -> Counts:
    """A quotient of sums, (B,) each, such as steps with a property and steps."""
    return Counts(numerators.double(), denominators.double())


def row_numbers(rows: Rows, names: Collection[str]) -> dict[str, Callable[[SequenceBatch], Tensor]]:
    """Rows as numbers of single sequences, for `Domain.numbers`: the quotient of what each counts.

    Raises:
        UserError: there is no such row.
    """
    known = rows.ranges()
    for name in names:
        if name not in known:
            raise UserError(f"fence: unknown number {shown(name)}: {nearest(name, known)}")

    def of(name: str) -> Callable[[SequenceBatch], Tensor]:
        def quotient(batch: SequenceBatch) -> Tensor:
            counts = rows.count(batch)[name]
            return counts.numerators / counts.denominators.where(counts.denominators != 0, math.nan)

        return quotient

    return {name: of(name) for name in names}
