"""The raw number of one molecule, as examples show it."""

from __future__ import annotations

from sequence_tutor.molecule.terms.term import MoleculeTerm, Term, WritingTerm
from sequence_tutor.molecule.terms.term_set import TermSet


def raw_number(term: Term, smiles: str) -> float:
    """The term's raw number of a molecule, NaN where there is none.

    Raises:
        ValueError: the term is a user's own, of which nothing is known here.
    """
    if isinstance(term, MoleculeTerm):
        return TermSet({"term": term}).evaluate(smiles).values[0]
    if isinstance(term, WritingTerm):
        from sequence_tutor.molecule.tokens import split_smiles  # workers need not wait for torch

        return term(smiles, len(split_smiles(smiles)))
    raise ValueError(f"{type(term).__name__} is computed by a user's own program or model")
