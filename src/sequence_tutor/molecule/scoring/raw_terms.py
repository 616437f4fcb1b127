"""The raw numbers of many molecules: terms of molecules, of strings, of programs and models."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.execution.answers import Answer, number_of
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.molecule.scoring.gates import Gates
from sequence_tutor.molecule.scoring.scorer import Records, Scorer
from sequence_tutor.molecule.scoring.sources import Source
from sequence_tutor.molecule.terms import MoleculeRecord, MoleculeTerm, Term, WritingTerm
from sequence_tutor.storage.score_store import ScoreStore


class RawTerms:
    """Computes the raw number of every term.

    Terms of molecules come from the scorer, which has workers and a cache; terms of strings are
    cheap and computed here. A user's functions, programs and models are called with the canonical
    SMILES of distinct molecules, and their answers are kept.

    Args:
        terms: name -> term.
        sources: name -> what answers, and the name of its number, for the terms of programs,
            functions and models.
        scorer: computes `terms_of_molecules(terms)`, in that order.
        store: where answers are kept; None: in memory, until `keep_scores`.

    Attributes:
        gates: which molecules programs, functions and models are not asked for.
        left_out: functions and programs that are not called; their numbers are NaN.
    """

    def __init__(
        self,
        terms: Mapping[str, Term],
        sources: Mapping[str, tuple[Source, str]],
        scorer: Scorer,
        store: Path | None = None,
    ) -> None:
        self.terms, self.scorer = dict(terms), scorer
        self._numbers = dict(sources)
        self.gates = Gates(self.terms)
        self.left_out: frozenset[str] = frozenset()
        self._store: ScoreStore | None = None
        if store is not None:
            self.keep_scores(store)

    @property
    def _sources(self) -> list[Source]:
        """Those that some term needs now, each once."""
        needed = [one for name, (one, _) in self._numbers.items() if name not in self.left_out]
        return list(dict.fromkeys(needed))

    @property
    def is_expensive(self) -> bool:
        """Whether evaluations are to ask for no more."""
        return any(source.is_expensive for source in self._sources)

    @property
    def is_slow(self) -> bool:
        """Whether there are programs or functions."""
        return bool(self._sources)

    def prepare(self, smiles: Sequence[str | None]) -> None:
        """Compute what is kept of strings: terms of molecules, answers of sources.

        Raises:
            UserError: a user's function or program is broken.
        """
        records = self.scorer.score(smiles).records
        of_molecules = self._of_molecules(records)
        molecules = self.gates.open_to(of_molecules, [record.canonical for record in records])
        for source in self._sources:
            source(molecules)

    def _of_molecules(self, records: Sequence[MoleculeRecord]) -> NDArray[np.float64]:
        """(B, K) numbers of the terms of molecules; NaN in the columns of others."""
        raw = np.full((len(records), len(self.terms)), math.nan)
        own = [isinstance(term, MoleculeTerm) for term in self.terms.values()]
        raw[:, own] = np.array([record.values for record in records]).reshape(len(records), -1)
        return raw

    def keep_scores(self, folder: Path) -> None:
        """Keep answers of programs and expensive functions in a folder, unless some other does."""
        if self._store is None and self._numbers:
            self._store = ScoreStore(folder)
            for source, _ in self._numbers.values():
                source.keep_in(self._store)

    def __call__(
        self, smiles: Sequence[str | None], tokens: Sequence[int]
    ) -> tuple[Records, NDArray[np.float64]]:
        """The records of B strings, and (B, K) numbers of K terms, NaN where there is none.

        Args:
            smiles: B strings as written; None is no molecule.
            tokens: tokens of each, without the end token.

        Raises:
            UserError: a user's function or program is broken.
        """
        scored = self.scorer.score(smiles)
        records = scored.records
        canonical = [record.canonical for record in records]
        raw = self._of_molecules(records)
        molecules = self.gates.open_to(raw, canonical)
        answers = {source: source(molecules) for source in self._sources}
        for column, (name, term) in enumerate(self.terms.items()):
            if isinstance(term, WritingTerm):
                raw[:, column] = [
                    math.nan if record.canonical is None or text is None else term(text, count)
                    for record, text, count in zip(records, smiles, tokens, strict=True)
                ]
            elif not isinstance(term, MoleculeTerm) and name not in self.left_out:
                source, number = self._numbers[name]
                known = answers[source]
                raw[:, column] = [
                    number_of(known[one], number) if one in known else math.nan for one in canonical
                ]
        return _with_lost(scored, molecules, list(answers.values())), raw

    def leave_out(self, names: Collection[str]) -> None:
        """Do not call these functions and programs; terms of other kinds are computed anyway."""
        self.left_out = frozenset(names) & self._numbers.keys()

    def close(self) -> None:
        """End workers and programs."""
        self.scorer.close()
        for source, _ in self._numbers.values():
            source.close()


def terms_of_molecules(terms: Mapping[str, Term]) -> dict[str, MoleculeTerm]:
    """The terms that a `TermSet` computes."""
    return {name: term for name, term in terms.items() if isinstance(term, MoleculeTerm)}


def _with_lost(
    scored: Records, molecules: Sequence[str], answers: Sequence[Mapping[str, Answer]]
) -> Records:
    """The same records; strings whose molecule some program was late for or died at are counted."""
    lost = [
        {answer for known in answers if isinstance(answer := known[one], Lost)} for one in molecules
    ]
    late = sum(Lost.TIMED_OUT in one for one in lost)
    died = sum(bool(one) and Lost.TIMED_OUT not in one for one in lost)
    return replace(scored, timeouts=scored.timeouts + late, failures=scored.failures + died)
