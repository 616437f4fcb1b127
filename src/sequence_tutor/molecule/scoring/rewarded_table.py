"""The numbers that tables show for each molecule: terms of a reward and the four of Table 2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.statistics import TABLE_TERMS, Decodes
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import explaining
from sequence_tutor.sequences import SequenceBatch

TOTAL = "total"
"""The column of the total reward."""


@dataclass(frozen=True)
class RewardedTable:
    """The numbers of B molecules.

    Attributes:
        canonical: canonical SMILES; None: no molecule.
        numbers: name -> B numbers, NaN where there is none: the total, the reward's terms, then
            those of Table 2.
        paid: name -> B numbers: what each term of the reward that has a weight pays, times that.
    """

    canonical: list[str | None]
    numbers: Mapping[str, list[float]]
    paid: Mapping[str, list[float]]


def raw_names(names: Iterable[str]) -> list[str]:
    """The names that are not `NAME_score` of another name among them."""
    every = list(names)
    return [name for name in every if name.removesuffix("_score") not in {*every} - {name}]


def rewarded_table(
    scorer: Scorer, vocabulary: Decodes, batch: SequenceBatch, reward: Reward | None
) -> RewardedTable:
    """The table of a batch; without a reward it has the terms of Table 2 only.

    The scorer is that of `TermSet(TABLE_TERMS)`, and decides what is valid.
    """
    records = scorer.score(vocabulary.decode_batch(batch)).records
    numbers: dict[str, list[float]] = {}
    paid: dict[str, list[float]] = {}
    if reward is not None:
        terms = reward(batch).sum(1)  # (B, R)
        weights = reward.weights.to(terms)
        numbers[TOTAL] = (terms @ weights).tolist()
        every = zip(reward.names, (terms * weights).T.tolist(), weights.tolist(), strict=True)
        paid = {name: own for name, own, weight in every if weight}
        if own := explaining(reward):
            numbers |= {name: values.tolist() for name, values in own.explain(batch).items()}
    four = zip(*(record.values for record in records), strict=True)
    for name, values in zip(TABLE_TERMS, four, strict=True):
        numbers.setdefault(name, list(values))
    return RewardedTable([record.canonical for record in records], numbers, paid)
