"""The molecule reward: everything is paid at the end token of a molecule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.domain import Better
from sequence_tutor.molecule.scoring.judged import COUNTED, RADICALS, Judged
from sequence_tutor.molecule.scoring.payment import SCORE, Payment
from sequence_tutor.molecule.scoring.raw_terms import RawTerms
from sequence_tutor.molecule.scoring.transforms import Identity
from sequence_tutor.molecule.terms import Term, Valid
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch


class MoleculeReward:
    """Scores batches of molecules. Satisfies the protocols of a reward.

    Everything is paid at a sequence's last step. A sequence that is no valid molecule is paid 0 by
    every term, and 1 by the term `invalid` where that has a weight. So is a molecule for which some
    term has no number: otherwise it would escape that term's penalty.

    Args:
        vocabulary: decodes tokens.
        raw_terms: computes the raw numbers; the transforms of its terms make scores of them.
        payment: what the scores pay.
    """

    pays_at_the_end = True  # see reward.looking_ahead
    aggregate = SCORE

    def __init__(self, vocabulary: Vocabulary, raw_terms: RawTerms, payment: Payment) -> None:
        self._vocabulary, self._raw_terms, self._payment = vocabulary, raw_terms, payment
        self._terms, self.diversity = raw_terms.terms, payment.diversity
        self.is_slow, self.is_expensive = raw_terms.is_slow, raw_terms.is_expensive
        self._lost = torch.zeros(len(COUNTED), dtype=torch.int64)
        self._last: tuple[SequenceBatch, Judged] | None = None

    @property
    def term_names(self) -> tuple[str, ...]:
        """The K terms of a molecule, each with a raw number and a score."""
        return tuple(self._terms)

    @property
    def terms(self) -> Mapping[str, Term]:
        """The K terms."""
        return self._terms

    @property
    def transformed(self) -> tuple[str, ...]:
        """The terms whose score differs from the raw number."""
        terms = self._terms.items()
        return tuple(name for name, term in terms if not isinstance(term.transform, Identity))

    @property
    def names(self) -> tuple[str, ...]:
        """The R terms that are learned from, in the order of the last axis of `__call__`."""
        return self._payment.names

    @property
    def weights(self) -> Tensor:
        """(R,) float64: the weight of each."""
        return torch.from_numpy(self._payment.weights)

    @property
    def better(self) -> Mapping[str, Better | None]:
        """Which way the mean of each term's number and score improves."""
        return self._payment.better

    @property
    def wanted(self) -> Mapping[str, float]:
        """Term -> 1 if a higher score is paid more, -1 if a lower one is; without `valid`."""
        return self._payment.wanted

    def explain(self, batch: SequenceBatch) -> Mapping[str, Tensor]:
        """Name -> (B,): raw numbers, and as `NAME_score` the scores of terms with a transform.

        The term `valid`, 1 for every molecule, has no raw number here.
        """
        judged = self.judge(batch)
        numbers: dict[str, Tensor] = {}
        for column, (name, term) in enumerate(self._terms.items()):
            if not isinstance(term, Valid):
                numbers[name] = torch.from_numpy(judged.raw[:, column])
            if not isinstance(term.transform, Identity):
                numbers[f"{name}_score"] = torch.from_numpy(judged.scores[:, column])
        return numbers

    def describe(self) -> str:
        """Its terms and their weights, how they are aggregated, and the other penalties."""
        return self._payment.describe()

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64, zero except at each sequence's last step.

        Raises:
            UserError: a user's function or program is broken, or a score is below 0 where a
                geometric mean or a product is asked for.
        """
        judged = self.judge(batch)
        self._lost += torch.tensor(judged.lost)
        terms = torch.zeros(*batch.tokens.shape, len(self.names), dtype=torch.float64)
        last = (batch.lengths - 1).cpu()
        terms[torch.arange(len(batch)), last] = torch.from_numpy(judged.paid)  # (B, R)
        return terms.to(batch.tokens.device)

    def judge(self, batch: SequenceBatch) -> Judged:
        """The scores of a batch.

        Those of the last batch are kept until `remember`, so that what is paid, explained and
        written of one batch is computed once. Raises as `__call__`.
        """
        if self._last is None or self._last[0] is not batch:
            smiles = self._vocabulary.decode_batch(batch)
            self._last = batch, self.judge_smiles(smiles, (batch.lengths - 1).tolist())
        return self._last[1]

    def judge_smiles(self, smiles: list[str | None], tokens: Sequence[int]) -> Judged:
        """The scores of strings, which may have tokens that the vocabulary lacks.

        Args:
            smiles: as written; None is no molecule.
            tokens: tokens of each, without the end token.
        """
        found, raw = self._raw_terms(smiles, tokens)
        records = found.records
        valid = np.array([record.canonical is not None for record in records])
        computed = np.array([name not in self.left_out for name in self._terms])
        gates = self._raw_terms.gates
        stopped = np.outer(gates.shut(raw), gates.asked)  # (B, K)
        scored = valid & (np.isfinite(raw) | stopped | ~computed).all(axis=1)
        scores = np.full_like(raw, np.nan)
        for column, (name, term) in enumerate(self._terms.items()):
            if name not in self.left_out:
                known = scored & ~stopped[:, column]
                scores[known, column] = term.transform(raw[known, column])
                scores[scored & stopped[:, column], column] = 0.0
        paid = self._payment(records, scored, scores, self.left_out)
        total = paid @ self._payment.weights
        radicals = sum(record.radical for record in records)
        lost = int((valid & ~scored).sum()), found.timeouts, found.failures, radicals
        return Judged(smiles, records, scored, raw, scores, paid, total, lost)

    def remember(self, batch: SequenceBatch) -> None:
        """Add the molecules of a batch that reach `diversity.minimum` to the memory."""
        if self.diversity is None:
            return
        judged = self.judge(batch)
        least = self.diversity.settings.minimum
        good = judged.scored
        if least is not None:
            good = good & (
                self._payment.aggregate(judged.scores, self.left_out) >= least
            )  # NaN is not
        rows = zip(judged.records, good.tolist(), strict=True)
        self.diversity.remember([record for record, is_good in rows if is_good])
        self._last = None

    def report(self) -> dict[str, float]:
        """Sequences that could not be scored since the run began; the state of the memory."""
        counts = dict(zip(COUNTED, self._lost.tolist(), strict=True))
        if not counts[RADICALS]:  # rare, and only where they are refused
            del counts[RADICALS]
        return {**counts, **(self.diversity.report() if self.diversity else {})}

    def state(self) -> dict[str, Tensor]:
        """The memory and the counts."""
        return {"lost": self._lost.clone(), **(self.diversity.state() if self.diversity else {})}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore a `state`."""
        known = state.get("lost", self._lost[:0]).cpu()  # older runs have fewer counts, or none
        self._lost = torch.zeros_like(self._lost)
        self._lost[: len(known)] = known
        if self.diversity:
            self.diversity.restore(state)
            self._last = None

    def prepare(self, batch: SequenceBatch) -> None:
        """Compute the terms of molecules, and ask programs and functions."""
        self._raw_terms.prepare(self._vocabulary.decode_batch(batch))

    def keep_scores(self, folder: Path) -> None:
        """Keep answers of programs and expensive functions in a folder."""
        self._raw_terms.keep_scores(folder)

    @property
    def shares(self) -> Mapping[str, float]:
        """The weights of a mean or a product; empty where scores are summed."""
        return self._payment.shares

    def share(self, shares: Mapping[str, float]) -> None:
        """Give the scores other weights in the mean or product; see `reward.protocol.Aggregates`.

        Raises:
            UserError: a weight is below 0.
        """
        self._payment.share(shares)
        self._last = None

    @property
    def left_out(self) -> frozenset[str]:
        """Functions and programs that are not called now."""
        return self._raw_terms.left_out

    def leave_out(self, names: Collection[str]) -> None:
        """Do not call the functions and programs among these terms from now on.

        All other terms are computed together in one look at each molecule. See
        `reward.protocol.LeavesOut`.
        """
        self._raw_terms.leave_out(names)
        self._last = None

    def complete(self, batch: SequenceBatch, terms: Tensor, names: Collection[str]) -> Tensor:
        """(B, T, R) with what `names` pay; a molecule that they have no number for pays as invalid.

        Penalties for diversity stay as they were when the batch was sampled. Where `score` alone is
        asked for it is made of the stored scores.
        """
        if set(names) == {SCORE}:
            completed, count = terms.clone(), len(self._terms)
            scores = terms[..., :count].double().cpu().numpy().reshape(-1, count)
            one = torch.from_numpy(self._payment.aggregate(scores, self.left_out)).to(terms)
            completed[..., count] = one.view(terms.shape[:2])
            return completed
        judged = self.judge(batch)
        self._last = None
        last = (batch.lengths - 1).cpu()
        rows = torch.arange(len(batch))
        completed = terms.cpu().clone()
        before, now = completed[rows, last], torch.from_numpy(judged.paid).to(completed)  # (B, R)
        added = torch.tensor([name in names for name in self.names])
        scored = torch.from_numpy(judged.scored)[:, None]
        completed[rows, last] = torch.where(added | ~scored, now, before)
        return completed.to(terms)

    def close(self) -> None:
        """End workers and programs."""
        self._raw_terms.close()
