"""The raw numbers of many molecules: from workers, from how they are written, from users."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.execution.external import ExternalProgram
from sequence_tutor.molecule.scoring.scorer import Cache, Scorer
from sequence_tutor.molecule.terms import (
    BatchFunction,
    MoleculeRecord,
    MoleculeTerm,
    Term,
    WritingTerm,
)


@dataclass(frozen=True)
class RawNumbers:
    """What terms say of B molecules.

    Attributes:
        records: canonical SMILES and the terms of the molecule.
        values: (B, K); NaN where invalid or not to be computed.
        timeouts: strings that took too long, and count as invalid.
        failures: strings that ended their worker or made RDKit fail; invalid too.
    """

    records: list[MoleculeRecord]
    values: NDArray[np.float64]
    timeouts: int
    failures: int


class RawTerms:
    """Computes the raw number of every term, each where it is cheapest.

    Terms of the molecule come from the scorer, which has workers and a cache. Terms of the writing
    are cheap and done here. A user's functions and programs are asked once for each distinct
    molecule, by its canonical SMILES, and their answers are kept too.
    """

    def __init__(
        self,
        terms: Mapping[str, Term],
        functions: Mapping[str, BatchFunction],
        scorer: Scorer,
        kept: int,
    ) -> None:
        """Put the sources together.

        Args:
            terms: name -> term.
            functions: name -> function, for those terms that neither of the other kinds are.
            scorer: gives the terms of `terms_of_molecules(terms)`, in that order.
            kept: answers of each function that are remembered.
        """
        self.names = tuple(terms)
        self.scorer = scorer
        self._terms = dict(terms)
        self._functions = dict(functions)
        self._answers: dict[str, Cache[float]] = {name: Cache(kept) for name in functions}

    def __call__(self, smiles: Sequence[str | None], tokens: Sequence[int]) -> RawNumbers:
        """The raw numbers of some molecules.

        Args:
            smiles: B strings as written; None is no molecule.
            tokens: how many each has, the end token not counted.

        Raises:
            UserError: a user's function or program is broken.
        """
        scores = self.scorer.score(smiles)
        records = scores.records
        of_molecule = iter(np.array([record.values for record in records], dtype=np.float64).T)
        raw = np.full((len(smiles), len(self.names)), math.nan)
        for column, (name, term) in enumerate(self._terms.items()):
            if isinstance(term, MoleculeTerm):
                raw[:, column] = next(of_molecule)
            elif isinstance(term, WritingTerm):
                raw[:, column] = [
                    math.nan if record.canonical is None or text is None else term(text, count)
                    for record, text, count in zip(records, smiles, tokens, strict=True)
                ]
            else:
                raw[:, column] = self._asked(name, [record.canonical for record in records])
        return RawNumbers(records, raw, scores.timeouts, scores.failures)

    def close(self) -> None:
        """End workers and programs."""
        self.scorer.close()
        for function in self._functions.values():
            if isinstance(function, ExternalProgram):
                function.close()

    def _asked(self, name: str, canonical: Sequence[str | None]) -> list[float]:
        """What a function says of each molecule, asking only what it did not say lately."""
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
    """Those terms that a `TermSet` computes."""
    return {name: term for name, term in terms.items() if isinstance(term, MoleculeTerm)}
