"""The raw numbers of many molecules: terms of molecules, terms of strings, a user's functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.execution.external import ExternalProgram
from sequence_tutor.molecule.scoring.scorer import Cache, Records, Scorer
from sequence_tutor.molecule.terms import BatchFunction, MoleculeTerm, Term, WritingTerm


class RawTerms:
    """Computes the raw number of every term.

    Terms of molecules come from the scorer, which has workers and a cache; terms of strings are
    cheap and computed here. A user's functions and programs are called with the canonical SMILES of
    distinct molecules, and their answers are cached.

    Args:
        terms: name -> term.
        functions: name -> function, for the terms of the kinds `function` and `program`.
        scorer: computes `terms_of_molecules(terms)`, in that order.
        kept: cached answers of each function.

    Attributes:
        left_out: functions and programs that are not called; their numbers are NaN.
    """

    def __init__(
        self,
        terms: Mapping[str, Term],
        functions: Mapping[str, BatchFunction],
        scorer: Scorer,
        kept: int,
    ) -> None:
        self.terms, self.scorer = dict(terms), scorer
        self._functions = dict(functions)
        self.left_out: frozenset[str] = frozenset()
        self._answers: dict[str, Cache[float]] = {name: Cache(kept) for name in functions}

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
        of_molecule = iter(np.array([record.values for record in records], dtype=np.float64).T)
        raw = np.full((len(smiles), len(self.terms)), math.nan)
        for column, (name, term) in enumerate(self.terms.items()):
            if isinstance(term, MoleculeTerm):
                raw[:, column] = next(of_molecule)
            elif isinstance(term, WritingTerm):
                raw[:, column] = [
                    math.nan if record.canonical is None or text is None else term(text, count)
                    for record, text, count in zip(records, smiles, tokens, strict=True)
                ]
            elif name not in self.left_out:
                raw[:, column] = self._asked(name, [record.canonical for record in records])
        return scored, raw

    def leave_out(self, names: Collection[str]) -> None:
        """Do not call these functions and programs; terms of other kinds are computed anyway."""
        self.left_out = frozenset(names) & self._functions.keys()

    def close(self) -> None:
        """End workers and programs."""
        self.scorer.close()
        for function in self._functions.values():
            if isinstance(function, ExternalProgram):
                function.close()

    def _asked(self, name: str, canonical: Sequence[str | None]) -> list[float]:
        """A function's number for each molecule; it is called for those not in the cache."""
        answers = self._answers[name]
        known = {one: answers.get(one) for one in dict.fromkeys(canonical) if one is not None}
        asked = [one for one, value in known.items() if value is None]
        if asked:
            for one, value in zip(asked, self._functions[name](asked), strict=True):
                known[one] = value
                answers.put(one, value)
        values = (None if one is None else known[one] for one in canonical)
        return [math.nan if value is None else value for value in values]


def terms_of_molecules(terms: Mapping[str, Term]) -> dict[str, MoleculeTerm]:
    """The terms that a `TermSet` computes."""
    return {name: term for name, term in terms.items() if isinstance(term, MoleculeTerm)}
