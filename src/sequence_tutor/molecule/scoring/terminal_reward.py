"""The molecule reward: everything is paid where a molecule ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.domain import Better
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.aggregation import NEEDS_POSITIVE, Aggregation, aggregate
from sequence_tutor.molecule.scoring.diversity import Diversity
from sequence_tutor.molecule.scoring.raw_terms import RawTerms
from sequence_tutor.molecule.scoring.term_numbers import better_by, numbers_by_name, transformed
from sequence_tutor.molecule.terms import MoleculeRecord, Term
from sequence_tutor.reward.weighted import weights_in_words
from sequence_tutor.sequences import SequenceBatch

SCORE = "score"
"""The one term that is learned from where scores are not summed."""

INVALID = "invalid"
"""The term that is 1 for what is no molecule, or could not be scored."""

FOUND_COLUMNS = ("smiles", "canonical", "step", "total", "log_prior", "log_policy", "scaffold")
"""Of a table of molecules, before its terms: `NAME` raw, `NAME_score` transformed."""

JOINED: Mapping[Aggregation, str] = {
    "sum": "",
    "arithmetic": "arithmetic mean of ",
    "geometric": "geometric mean of ",
    "product": "product of ",
}
"""How scores become one, before the terms in a sentence."""

RADICALS = "radicals"
COUNTED = ("without_a_number", "timeouts", "failures", RADICALS)
"""What is counted of sequences that were scored: see `Judged.lost`."""


class Decoder(Protocol):
    """Turns tokens into SMILES; `tokens.Vocabulary` does."""

    def decode_batch(self, batch: SequenceBatch) -> list[str | None]:
        """The text of each row; None where it has no end."""


class JudgedMolecule(NamedTuple):
    """One row of a `Judged`; see there."""

    smiles: str | None
    canonical: str | None
    scaffold: str | None
    raw: tuple[float, ...]
    scores: tuple[float, ...]
    total: float


@dataclass(frozen=True)
class Judged:
    """Everything that a reward knows of a batch of B sequences.

    Attributes:
        smiles: as written; None where a sequence has no end.
        records: canonical SMILES, scaffold and the terms of the molecule.
        scored: (B,) bool: valid, and every term has a number.
        raw: (B, K) raw numbers of `MoleculeReward.term_names`; NaN where there is none.
        scores: (B, K) the same transformed; NaN where not scored.
        paid: (B, R) what each of `MoleculeReward.names` pays.
        total: (B,) the weighted sum of what is paid.
        lost: of `COUNTED`, how many: molecules for which some term has no number, strings that
            took too long, strings that RDKit failed on, molecules refused as radicals.
    """

    smiles: list[str | None]
    records: list[MoleculeRecord]
    scored: NDArray[np.bool_]
    raw: NDArray[np.float64]
    scores: NDArray[np.float64]
    paid: NDArray[np.float64]
    total: NDArray[np.float64]
    lost: tuple[int, int, int, int]

    def __iter__(self) -> Iterator[JudgedMolecule]:
        """Row by row."""
        rows = zip(self.smiles, self.records, self.raw.tolist(), self.scores.tolist(), strict=True)
        for (smiles, record, raw, scores), total in zip(rows, self.total.tolist(), strict=True):
            yield JudgedMolecule(
                smiles, record.canonical, record.scaffold, tuple(raw), tuple(scores), total
            )


class MoleculeReward:
    """Scores batches of molecules. Satisfies `Reward`, `Remembers` and `Reports`.

    Everything is paid at a sequence's last step and nothing before. What is no valid molecule is
    paid 0 by every term, and by the term `invalid` where that has a weight; so is a molecule for
    which some term has no number, or a penalty it could not be given would be a prize.

    Scores that are summed are terms of their own, as in the paper; of a mean or a product the
    result is the one term `score`, of weight 1. Penalties for what was found before come beside
    them in either case.
    """

    pays_at_the_end = True  # see reward.looking_ahead

    def __init__(
        self,
        decoder: Decoder,
        raw_terms: RawTerms,
        terms: Mapping[str, Term],
        weights: Mapping[str, float],
        *,
        aggregation: Aggregation = "sum",
        invalid: float = 0.0,
        diversity: Diversity | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            decoder: turns tokens into SMILES.
            raw_terms: computes the raw numbers of `terms`.
            terms: name -> term, whose transforms make scores.
            weights: name -> weight of each.
            aggregation: how scores become one.
            invalid: what is paid, in all, for what is no molecule.
            diversity: what was found so far; None: nothing is remembered.

        Raises:
            UserError: weights that the aggregation cannot take.
        """
        self._decoder = decoder
        self._raw_terms = raw_terms
        self._terms = dict(terms)
        self._term_weights = np.array([weights[name] for name in terms], dtype=np.float64)
        self._aggregation = aggregation
        self.diversity = diversity
        self._lost = torch.zeros(len(COUNTED), dtype=torch.int64)
        self._last: tuple[SequenceBatch, Judged] | None = None
        if aggregation != "sum":
            _refuse_weights(aggregation, weights)
        learned = {name: weights[name] for name in terms} if aggregation == "sum" else {SCORE: 1.0}
        found = diversity.settings.weights if diversity else {}
        self._paid = {**learned, **found, **({INVALID: invalid} if invalid else {})}

    @property
    def term_names(self) -> tuple[str, ...]:
        """The K terms of a molecule, each with a raw number and a score."""
        return tuple(self._terms)

    @property
    def transformed(self) -> tuple[str, ...]:
        """Those of them whose score is another number than the raw one."""
        return transformed(self._terms)

    @property
    def names(self) -> tuple[str, ...]:
        """The R terms that are learned from, in the order of the last axis of `__call__`."""
        return tuple(self._paid)

    @property
    def better(self) -> Mapping[str, Better | None]:
        """Which way the means of its terms' numbers improve, see `better_by`."""
        return better_by(self._terms, self._term_weights.tolist())

    def explain(self, batch: SequenceBatch) -> Mapping[str, Tensor]:
        """The numbers of its terms, see `numbers_by_name`."""
        judged = self.judge(batch)
        return numbers_by_name(self._terms, judged.raw, judged.scores)

    @property
    def weights(self) -> Tensor:
        """(R,) float64: the weight of each."""
        return torch.tensor(list(self._paid.values()), dtype=torch.float64)

    def describe(self) -> str:
        """Its terms and their weights, how they are joined, and the penalties beside them."""
        terms = dict(zip(self._terms, self._term_weights.tolist(), strict=True))
        beside = {name: weight for name, weight in self._paid.items() if name not in terms}
        if self._aggregation != "sum":
            del beside[SCORE]
        words = f"{JOINED[self._aggregation]}{weights_in_words(terms)}"
        return words + (f"; {weights_in_words(beside)}" if beside else "")

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64, zero but at each sequence's last step.

        Raises:
            UserError: a user's function or program is broken, or a score is below 0 where a
                geometric mean or a product is asked for.
        """
        judged = self.judge(batch)
        self._lost += torch.tensor(judged.lost)
        paid = torch.from_numpy(judged.paid)
        terms = torch.zeros(*batch.tokens.shape, len(self.names), dtype=torch.float64)
        terms[torch.arange(len(batch)), (batch.lengths - 1).cpu()] = paid  # (B, R)
        return terms.to(batch.tokens.device)

    def judge(self, batch: SequenceBatch) -> Judged:
        """Everything that is known of a batch: raw numbers, scores, payments.

        The last batch stays, until something is remembered: what is paid for it, explained,
        gathered and remembered is one judgement.

        Raises:
            UserError: as of `__call__`.
        """
        if self._last is None or self._last[0] is not batch:
            smiles = self._decoder.decode_batch(batch)
            self._last = batch, self.judge_smiles(smiles, (batch.lengths - 1).tolist())
        return self._last[1]

    def judge_smiles(self, smiles: list[str | None], tokens: Sequence[int]) -> Judged:
        """The same of strings, whose tokens no vocabulary need know.

        Args:
            smiles: as written; None is no molecule.
            tokens: how many each has, the end token not counted.

        Raises:
            UserError: as of `__call__`.
        """
        found = self._raw_terms(smiles, tokens)
        records, raw = found.records, found.values
        valid = np.array([record.canonical is not None for record in records])
        scored = valid & np.isfinite(raw).all(axis=1)
        scores = np.full_like(raw, np.nan)
        for column, term in enumerate(self._terms.values()):
            scores[scored, column] = term.transform(raw[scored, column])
        self._refuse_negative(scores)
        paid = self._payments(records, scored, scores)
        total = paid @ np.array(list(self._paid.values()), dtype=np.float64)
        radicals = sum(record.radical for record in records)
        lost = int((valid & ~scored).sum()), found.timeouts, found.failures, radicals
        return Judged(smiles, records, scored, raw, scores, paid, total, lost)

    def remember(self, batch: SequenceBatch) -> None:
        """Take note of the molecules of a batch that are good enough to be remembered."""
        if self.diversity is None:
            return
        judged = self.judge(batch)
        least = self.diversity.settings.minimum
        good = judged.scored
        if least is not None:
            good = good & (self._combined(judged.scores) >= least)  # NaN is not
        rows = zip(judged.records, good.tolist(), strict=True)
        self.diversity.remember([record for record, is_good in rows if is_good])
        self._last = None

    def report(self) -> dict[str, float]:
        """What could not be scored since the run began, and how varied what it found is."""
        counts = dict(zip(COUNTED, self._lost.tolist(), strict=True))
        if not counts[RADICALS]:  # rare, and only where they are refused
            del counts[RADICALS]
        return {**counts, **(self.diversity.report() if self.diversity else {})}

    def state(self) -> dict[str, Tensor]:
        """What is remembered and what was counted."""
        return {"lost": self._lost.clone(), **(self.diversity.state() if self.diversity else {})}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved memory back."""
        known = state.get("lost", self._lost[:0]).cpu()  # runs of before counted less, or nothing
        self._lost = torch.zeros_like(self._lost)
        self._lost[: len(known)] = known
        if self.diversity:
            self.diversity.restore(state)
            self._last = None

    def close(self) -> None:
        """End workers and programs."""
        self._raw_terms.close()

    def _payments(
        self,
        records: list[MoleculeRecord],
        scored: NDArray[np.bool_],
        scores: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """(B, R): scores or their one result, what was found before, what is invalid."""
        parts = [scores if self._aggregation == "sum" else self._combined(scores)[:, None]]
        if self.diversity:
            parts.append(self.diversity(records))
        paid = np.where(scored[:, None], np.concatenate(parts, axis=1), 0.0)
        if INVALID in self._paid:
            paid = np.concatenate([paid, ~scored[:, None]], axis=1)
        return paid

    def _combined(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) of (B, K)."""
        return aggregate(self._aggregation, scores, self._term_weights)

    def _refuse_negative(self, scores: NDArray[np.float64]) -> None:
        if self._aggregation not in NEEDS_POSITIVE or not (scores < 0).any():
            return
        row, column = np.argwhere(scores < 0)[0]
        raise UserError(
            f"term {self.term_names[column]!r} scored {scores[row, column]:.4g} for a molecule, "
            f"expected 0 or more for aggregation = {self._aggregation!r}; give it a transform "
            "such as a sigmoid"
        )


def _refuse_weights(aggregation: Aggregation, weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if weight < 0:
            raise UserError(
                f"the weight of {name!r} is {weight:g}, expected 0 or more for aggregation = "
                f"{aggregation!r}; turn the term round with a transform such as reverse_sigmoid"
            )
