"""The rows that a run aims at, and what sequences and the policy's opinion of them count for each.

A row is the ratio of two sums over sequences, of its numerators and its denominators (see
`domain.rows`), so that "row >= b" is the constraint E[numerator - b denominator] >= 0. Four rows
are measured here, whatever the domain: log p a token is counted on each sequence too; KL and
entropy a token, and the share of distinct sequences, are functionals of the policy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.config.aims import DISTINCT, Aim, is_distinct
from sequence_tutor.domain.rows import Counts, RowRange, Rows, RowsByStep, StepCounts
from sequence_tutor.objectives.distinct import distinct_share
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.aim_checks import check_aim
from sequence_tutor.tuner.class_counts import ClassCounts, Property, codes_of

LOG_PRIOR, KL, ENTROPY = "log_prior_per_token", "kl_to_prior_per_token", "entropy_per_token"

OF_POLICY: Mapping[str, RowRange] = {
    LOG_PRIOR: RowRange(-math.inf, 0.0, "ratio"),
    KL: RowRange(0.0, math.inf, "ratio"),
    ENTROPY: RowRange(0.0, math.inf, "ratio"),
    DISTINCT: RowRange(0.0, 1.0, "mean"),
}
"""Rows that are measured for every domain."""

PROPERTY = RowRange(0.0, 1.0, "mean")
"""The range of the share of distinct values of a property."""

TEMPERATURES: Mapping[str, int] = {KL: -1, ENTROPY: 1}
"""Rows whose multiplier is part of a temperature -> the side held: -1 at most, 1 at least."""


def is_of_policy(row: str) -> bool:
    """Whether a row is not counted by a domain, but measured of the policy."""
    return row in OF_POLICY or is_distinct(row)


@dataclass(frozen=True)
class Likelihoods:
    """What prior and policy think of B sequences that the policy has sampled, tokens given aside.

    Attributes:
        log_prior: (B,) log p(x); likewise `log_policy`.
        kl: (B,) exact KL(pi || p) summed over the states of a sequence; likewise `entropy`.
        chosen: (B,) tokens.
    """

    log_prior: Tensor
    log_policy: Tensor
    kl: Tensor
    entropy: Tensor
    chosen: Tensor


@dataclass(frozen=True)
class Bound:
    """One side of an aim: sign (row - at) >= 0.

    Attributes:
        aim: whose.
        sign: 1: at least; -1: at most.
        at: b, the bound.
        place: of its row among the aims.
    """

    aim: Aim
    sign: int
    at: float
    place: int

    def __str__(self) -> str:
        sign = ">=" if self.sign > 0 else "<="
        return f"{self.aim.row} {sign} {self.aim.bound(self.at)}"


def sign_of(bound: str, row: str) -> int:
    """The sign of a bound in words: 1: at least; -1: at most. The row's name may hold signs too."""
    return 1 if bound.removeprefix(row).lstrip().startswith(">=") else -1


def bounds_of(aims: Sequence[Aim]) -> list[Bound]:
    """The one-sided constraints of some aims."""
    return [
        Bound(aim, sign, at, place)
        for place, aim in enumerate(aims)
        for sign, at in ((1, aim.low), (-1, aim.high))
        if at is not None
    ]


class AimedRows:
    """Counts the rows of M aims; columns 2 i and 2 i + 1 are numerator and denominator of the i-th.

    Args:
        aims: M of them, each of another row.
        rows: those of the domain.
        known: more rows that there are, for the error's sentence.
        properties: row -> the property whose distinct values it is the share of.

    Raises:
        UserError: a row that nothing measures, or a bound that it cannot have.
    """

    def __init__(
        self,
        aims: Sequence[Aim],
        rows: Rows,
        known: Iterable[str] = (),
        properties: Mapping[str, Property] | None = None,
    ) -> None:
        self.aims, self.rows = tuple(aims), rows
        self.properties = properties or {}
        self.ranges = {**rows.ranges(), **OF_POLICY, **dict.fromkeys(self.properties, PROPERTY)}
        for aim in aims:
            side = TEMPERATURES.get(aim.row)
            check_aim(aim, self.ranges, {**self.ranges, **dict.fromkeys(known)}, side)
        self.names = {aim.row for aim in aims}

    def of_sequences(
        self, batch: SequenceBatch, log_prior: Tensor | None, terms: Tensor | None = None
    ) -> Tensor:
        """What each sequence counts, (B, 2 M) float64; 0 for functionals of the policy.

        The numerator of a row of distinct values holds the code of a sequence's own value.

        Args:
            batch: B sequences.
            log_prior: (B, T) log p of each token that was chosen, else 0; None where no aim is
                about it.
            terms: (B, T, R) of the reward, where they are known.
        """
        counted = self.rows.count(batch, terms) if self._of_domain else {}
        if LOG_PRIOR in self.names:
            assert log_prior is not None  # computed where it is counted
            chosen = (log_prior != 0).sum(1)
            counted = {**counted, LOG_PRIOR: Counts(log_prior.double().sum(1), chosen.double())}
        zero = torch.zeros(len(batch), dtype=torch.float64, device=batch.tokens.device)
        columns: list[Tensor] = []
        for aim in self.aims:
            own = counted.get(aim.row, Counts(zero, zero))
            if aim.row in self.properties:
                own = Counts(codes_of(self.properties[aim.row](batch)).to(zero), zero)
            columns += [own.numerators.to(zero), own.denominators.to(zero)]
        return torch.stack(columns, 1)

    def by_step(
        self, batch: SequenceBatch, counts: Tensor, log_prior: Tensor, terms: Tensor
    ) -> Tensor:
        """At which steps the counts of sequences are made, (B, T, 2 M) of the kind of `terms`.

        What is known only of a whole sequence counts at its last step. Paid where they are made,
        counts do not disturb the paths that begin after them.

        Args:
            batch: B sequences.
            counts: (B, 2 M) of them.
            log_prior: (B, T) log p of each token that was chosen, else 0.
            terms: (B, T, R) of the reward, none of which looks ahead.
        """
        known: dict[str, StepCounts] = {}
        if isinstance(self.rows, RowsByStep) and self._of_domain:
            known |= self.rows.steps(batch, terms)
        if LOG_PRIOR in self.names:
            known[LOG_PRIOR] = StepCounts(log_prior, (log_prior != 0).to(log_prior))
        at_end = batch.last.to(terms)[:, :, None] * counts.to(terms)[:, None]  # (B, T, 2 M)
        for place, aim in enumerate(self.aims):
            own = known.get(aim.row)
            if own is not None:
                pair = torch.stack([own.numerators, own.denominators], 2)
                at_end[:, :, 2 * place : 2 * place + 2] = pair.to(terms)
        return at_end

    @property
    def _of_domain(self) -> bool:
        """Whether some row is counted by the domain."""
        return any(not is_of_policy(name) for name in self.names)

    def with_policy(
        self, counts: Tensor, said: Likelihoods, classes: Mapping[str, ClassCounts]
    ) -> Tensor:
        """The counts (B, 2 M) of sequences of the policy itself, functionals included.

        Args:
            counts: of the sequences, see `of_sequences`.
            said: their likelihoods.
            classes: row of distinct values -> the counts that they are compared with.
        """
        counts = counts.clone()
        ones = torch.ones(len(counts), dtype=torch.float64, device=counts.device)
        for place, aim in enumerate(self.aims):
            if aim.row == DISTINCT and aim.draws is not None:
                own, of = distinct_share(said.log_policy, aim.draws), ones
            elif aim.row in classes:
                own, of = classes[aim.row].distinct(counts[:, 2 * place].cpu()), ones
            elif aim.row in TEMPERATURES:
                own, of = (said.kl if aim.row == KL else said.entropy), said.chosen
            else:
                continue
            counts[:, 2 * place], counts[:, 2 * place + 1] = own.to(counts), of.to(counts)
        return counts
