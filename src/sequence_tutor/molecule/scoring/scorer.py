"""Records of many SMILES strings: each molecule is computed once, in worker processes.

Records are cached by string and by canonical SMILES, because a generator repeats itself and writes
one molecule in several ways. New strings are first made canonical; then the terms of the new
molecules are computed. Both are done by an executor, by default in worker processes. A
record depends on the molecule alone, so it is the same to the last bit wherever it was computed and
whichever string it is cached under.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from sequence_tutor.errors import UserError
from sequence_tutor.execution.cache import Cache
from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.protocol import Executor, Lost
from sequence_tutor.execution.registry import LOCAL, SERIAL, results_of, started
from sequence_tutor.molecule.features import Features, Row, row_of
from sequence_tutor.molecule.terms.term_set import MoleculeRecord, TermSet

Question = tuple[Literal["canonical", "record"] | Features, str]
"""What is asked of a string: its canonical SMILES, its record, or features of it."""

Outcome = MoleculeRecord | Lost


@dataclass(frozen=True)
class Records:
    """The records of some strings; all counts are of strings.

    Attributes:
        records: one for each string, in their order.
        timeouts: strings that took too long; they count as invalid.
        failures: strings that ended their worker, filled its memory or made RDKit fail; invalid.
        cache_hits: strings for which no term was computed: they, or their molecules, were in the
            cache or occurred earlier in the same call.
    """

    records: list[MoleculeRecord]
    timeouts: int
    failures: int
    cache_hits: int


class Scorer(Closing):
    """Computes the records of strings; close it, or use it in a `with`.

    Example:
        with Scorer(TermSet({"qed": Qed()}), workers=2) as scorer:
            records = scorer.score(["CCO", "OCC", None]).records

    Args:
        term_set: the terms.
        workers: of the executor; 0 computes in this process, which cannot stop a molecule that
            hangs or crashes.
        timeout: seconds for one molecule in a worker.
        cache_size: cached strings, and as many cached molecules; 0 for none.
        executor: its name; None: `local`.

    Attributes:
        computed: molecules whose terms were computed so far.
    """

    def __init__(
        self,
        term_set: TermSet,
        workers: int = 0,
        timeout: float = 10.0,
        cache_size: int = 100_000,
        executor: str | None = None,
    ) -> None:
        self._invalid = term_set.evaluate(None)
        self._spellings: Cache[Outcome] = Cache(cache_size)
        self._molecules: Cache[Outcome] = Cache(cache_size)
        self._asking = threading.Lock()  # an executor serves one call at a time
        self.computed = 0
        self._name = executor or LOCAL if workers else SERIAL
        self._executor: Executor[Question, MoleculeRecord | Row] = started(
            self._name, partial(_answer, term_set), max(1, workers), timeout
        )
        weakref.finalize(self, self._executor.close)  # if it is never closed

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The worker processes."""
        return self._executor.pids

    @property
    def replaced(self) -> int:
        """Workers that had to be replaced so far."""
        return self._executor.replaced

    def score(self, smiles: Sequence[str | None]) -> Records:
        """The records of some strings; None, a sequence without an end, is invalid.

        Raises:
            UserError: raised by a term.
            RuntimeError: a term is broken, or workers do not start.
        """
        outcomes, hits = self._outcomes([one for one in smiles if one is not None])
        found = [self._invalid if one is None else outcomes[one] for one in smiles]
        return Records(
            records=[self._invalid if isinstance(one, Lost) else one for one in found],
            timeouts=sum(one is Lost.TIMED_OUT for one in found),
            failures=sum(one is Lost.DIED or one is Lost.FAILED for one in found),
            cache_hits=hits,
        )

    def features(self, features: Features, canonical: Sequence[str]) -> list[Row | Lost]:
        """The features of some molecules, for models; they are not cached.

        Raises:
            RuntimeError: workers do not start.
        """
        answers = self._map([(features, one) for one in canonical])
        return [one for one in answers if not isinstance(one, MoleculeRecord)]

    def close(self) -> None:
        """End the workers."""
        self._executor.close()

    def _outcomes(self, smiles: Sequence[str]) -> tuple[dict[str, Outcome], int]:
        """The outcome of each string, and for how many of them no term was computed."""
        outcomes = _look_up(self._spellings, smiles)
        new = [one for one in dict.fromkeys(smiles) if one not in outcomes]
        named = self._ask([("canonical", one) for one in new])
        valid = [one.canonical for one in named if not isinstance(one, Lost) and one.canonical]
        before = self.computed
        molecules = self._molecule_outcomes(valid)
        for one, name in zip(new, named, strict=True):
            if isinstance(name, Lost):
                outcomes[one] = name
            else:
                outcomes[one] = molecules.get(name.canonical or "", self._invalid)
            self._spellings.put(one, outcomes[one])
        return outcomes, len(smiles) - len(new) + len(valid) - (self.computed - before)

    def _molecule_outcomes(self, canonical: Sequence[str]) -> dict[str, Outcome]:
        """The records of some molecules; those not in the cache are computed."""
        molecules = _look_up(self._molecules, canonical)
        unknown = [one for one in dict.fromkeys(canonical) if one not in molecules]
        answers = self._ask([("record", one) for one in unknown])
        for one, outcome in zip(unknown, answers, strict=True):
            molecules[one] = outcome
            self._molecules.put(one, outcome)
        self.computed += len(unknown)
        return molecules

    def _ask(self, questions: Sequence[Question]) -> list[Outcome]:
        answers = self._map(questions)
        return [one for one in answers if isinstance(one, MoleculeRecord | Lost)]

    def _map(self, questions: Sequence[Question]) -> list[MoleculeRecord | Row | Lost]:
        if not questions:
            return []
        with self._asking:
            answers = results_of(self._name, self._executor, questions)
        for answer in answers:
            if not isinstance(answer, MoleculeRecord | np.ndarray | Lost):
                raise UserError(
                    f"executor {self._name!r} gave a {type(answer).__name__} for an item, expected "
                    "what its function gives, or a Lost"
                )
        return answers


def _answer(terms: TermSet, question: Question) -> MoleculeRecord | Row:
    """What is asked; for "canonical" a record with the canonical SMILES only."""
    what, smiles = question
    if what == "canonical":
        return MoleculeRecord(terms.canonical(smiles), None, ())
    return terms.of_canonical(smiles) if what == "record" else row_of(what, smiles, terms.limits)


def _look_up(cache: Cache[Outcome], keys: Iterable[str]) -> dict[str, Outcome]:
    found = {key: cache.get(key) for key in dict.fromkeys(keys)}
    return {key: outcome for key, outcome in found.items() if outcome is not None}
