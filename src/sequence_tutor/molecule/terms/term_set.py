"""The terms of a molecule, together: it is parsed once, and only what is asked for is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from sequence_tutor.molecule.chemistry import (
    DEFAULT_LIMITS,
    Limits,
    Molecule,
    canonical_of,
    has_radicals,
    known,
    quiet,
)
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm


class MoleculeRecord(NamedTuple):
    """What is known of one string.

    Attributes:
        canonical: RDKit's canonical SMILES; None where the string is no valid molecule.
        scaffold: of its rings and what joins them; None where invalid or not asked for.
        values: the raw numbers of the terms, in order; NaN where invalid, or not to be computed.
        radical: whether it is a molecule, but one with unpaired electrons that were not allowed.
    """

    canonical: str | None
    scaffold: str | None
    values: tuple[float, ...]
    radical: bool = False


class TermSet:
    """Computes terms of molecules; travels to other processes as its settings.

    Whatever way a molecule is written, its record is that of its canonical SMILES, to the last
    bit: sums over atoms depend on their order by rounding, so the canonical string is parsed
    again. That and the name itself take about a quarter as long as QED and SA. Thus it never
    matters to a number whether it came from a cache, and under which string it got there.

    >>> terms = TermSet({"qed": Qed(), "sa": SA()})
    >>> terms.evaluate("OCC").canonical
    'CCO'
    """

    def __init__(
        self,
        specs: Mapping[str, MoleculeTerm],
        *,
        scaffolds: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        radicals: bool = True,
    ) -> None:
        """Prepare the terms.

        Args:
            specs: name -> settings of a term.
            scaffolds: compute scaffolds too.
            limits: what a string may have.
            radicals: whether molecules with unpaired electrons are valid.
        """
        self._specs = dict(specs)
        self._scaffolds = scaffolds
        self._limits = limits
        self._radicals = radicals
        self._functions = [spec.prepare() for spec in self._specs.values()]
        self._invalid = MoleculeRecord(None, None, (math.nan,) * len(self._functions))

    def __getstate__(self) -> dict[str, Any]:
        return {
            "specs": self._specs,
            "scaffolds": self._scaffolds,
            "limits": self._limits,
            "radicals": self._radicals,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # what is prepared is made where it is used

    @property
    def names(self) -> tuple[str, ...]:
        """The terms, in the order of the values."""
        return tuple(self._specs)

    def evaluate(self, smiles: str | None) -> MoleculeRecord:
        """The record of a string; of None, as of anything that is no molecule, an invalid one.

        A term that cannot be computed for a molecule has the value NaN.
        """
        if smiles is None:
            return self._invalid
        with quiet():
            canonical = self.canonical(smiles)
            return self._invalid if canonical is None else self.of_canonical(canonical)

    def canonical(self, smiles: str) -> str | None:
        """The canonical SMILES of a string; None where it is no valid molecule."""
        return canonical_of(smiles, self._limits)

    def of_canonical(self, canonical: str) -> MoleculeRecord:
        """The record of a molecule whose canonical SMILES is known."""
        with quiet():
            molecule = known(canonical, self._limits)
            if molecule is None:  # a canonical string can be longer than the one it came from
                return self._invalid
            if not self._radicals and has_radicals(molecule.rdkit):
                return self._invalid._replace(radical=True)
            values = tuple(_number(function, molecule) for function in self._functions)
            rings = molecule.scaffold if self._scaffolds else None
            return MoleculeRecord(canonical, rings, values)


def _number(function: MoleculeFunction, molecule: Molecule) -> float:
    """A finite number, or NaN; RDKit's own failures are errors of these kinds."""
    try:
        value = function(molecule)
    except (ValueError, ArithmeticError, RuntimeError):
        return math.nan
    return value if math.isfinite(value) else math.nan
