"""Gates: cheap terms that decide whether expensive ones are asked of a molecule.

A molecule whose score in some term is below that term's `gate` is not given to programs, functions
and models. They count 0 for it, which has to be their lowest score, so that a shut gate is never
worth anything; a geometric mean or a product is then 0. Their raw numbers are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.errors import SettingsError
from sequence_tutor.molecule.scoring.transforms import lowest
from sequence_tutor.molecule.terms import MoleculeTerm, Term, WritingTerm


class Gates:
    """The gates of some terms.

    Args:
        terms: name -> term, in the order of the columns.

    Attributes:
        asked: (K,) bool: which terms are behind the gates.
    """

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self.asked = np.array([is_asked(term) for term in terms.values()], dtype=np.bool_)
        every = enumerate(terms.values())
        self._gates = [(column, term) for column, term in every if term.gate is not None]

    def __bool__(self) -> bool:
        return bool(self._gates)

    def shut(self, raw: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(B,) bool: which molecules are not let through, by (B, K) raw numbers.

        A molecule without a number in a gate's term is not let through.
        """
        found = np.zeros(len(raw), dtype=np.bool_)
        for column, term in self._gates:
            known = np.isfinite(raw[:, column])
            found |= ~known
            found[known] |= term.transform(raw[known, column]) < (term.gate or 0.0)
        return found

    def open_to(self, raw: NDArray[np.float64], molecules: Sequence[str | None]) -> list[str]:
        """The molecules that are let through."""
        shut = self.shut(raw).tolist() if self else [False] * len(molecules)
        return [one for one, is_shut in zip(molecules, shut, strict=True) if one and not is_shut]


def is_asked(term: Term) -> bool:
    """Whether a term is computed by a program, function or model of the user."""
    return not isinstance(term, MoleculeTerm | WritingTerm)


def refuse_gates(terms: Mapping[str, Term], weights: Mapping[str, float]) -> None:
    """Refuse gates that could not work, or that would make it worth something to be shut out.

    Raises:
        SettingsError: naming the term.
    """
    gates = [name for name, term in terms.items() if term.gate is not None]
    for name in gates:
        if not isinstance(terms[name], MoleculeTerm):
            raise SettingsError(
                f"term {name!r} has a gate, expected one only for terms of the molecule that are "
                "computed here"
            )
    behind = {name: term for name, term in terms.items() if is_asked(term)}
    if gates and not behind:
        raise SettingsError(
            f"term {gates[0]!r} has a gate, but there is no program, function or model behind it"
        )
    for name, term in behind.items() if gates else ():
        if lowest(term.transform) < 0 or weights[name] < 0:
            raise SettingsError(
                f"term {name!r} counts 0 for a molecule that the gate of {gates[0]!r} stops, "
                "expected a transform whose lowest score is 0, such as a sigmoid, and a weight of "
                "0 or more"
            )
