"""All terms of a molecule, computed of one parsed molecule."""

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
    """The terms of one string.

    Attributes:
        canonical: RDKit's canonical SMILES; None where the string is no valid molecule.
        scaffold: Bemis-Murcko scaffold; None where invalid or not asked for.
        values: the raw numbers of the terms, in order; NaN where invalid or undefined.
        radical: invalid only because it has unpaired electrons, which are not allowed.
    """

    canonical: str | None
    scaffold: str | None
    values: tuple[float, ...]
    radical: bool = False


class TermSet:
    """Computes terms of molecules; it is pickled as its settings.

    The record of every SMILES of a molecule is that of its canonical SMILES, to the last bit:
    the rounding of sums depends on the order of atoms, so the canonical string is parsed again.
    This takes about a quarter as long as QED and SA. So a number does not depend on whether it
    came from a cache, or which string it was cached for.

    >>> terms = TermSet({"qed": Qed(), "sa": SA()})
    >>> terms.evaluate("OCC").canonical
    'CCO'

    Args:
        specs: name -> settings of a term.
        scaffolds: compute scaffolds too.
        limits: of a string.
        radicals: whether molecules with unpaired electrons are valid.
    """

    def __init__(
        self,
        specs: Mapping[str, MoleculeTerm],
        *,
        scaffolds: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        radicals: bool = True,
    ) -> None:
        self.names = tuple(specs)  # in the order of the values
        self._settings: dict[str, Any] = {
            "specs": dict(specs),
            "scaffolds": scaffolds,
            "limits": limits,
            "radicals": radicals,
        }
        self._scaffolds, self.limits, self._radicals = scaffolds, limits, radicals
        self._functions = [spec.prepare() for spec in specs.values()]
        self._invalid = MoleculeRecord(None, None, (math.nan,) * len(self._functions))

    def __getstate__(self) -> dict[str, Any]:
        return self._settings

    def __setstate__(self, settings: dict[str, Any]) -> None:
        self.__init__(**settings)  # type: ignore[misc]  # prepared again in the other process

    def evaluate(self, smiles: str | None) -> MoleculeRecord:
        """The record of a string; None is invalid. A term that is undefined has the value NaN."""
        if smiles is None:
            return self._invalid
        with quiet():
            canonical = self.canonical(smiles)
            return self._invalid if canonical is None else self.of_canonical(canonical)

    def canonical(self, smiles: str) -> str | None:
        """The canonical SMILES of a string; None if it is invalid."""
        return canonical_of(smiles, self.limits)

    def of_canonical(self, canonical: str) -> MoleculeRecord:
        """The record of a canonical SMILES."""
        with quiet():
            molecule = known(canonical, self.limits)
            if molecule is None:  # a canonical string can be longer than the one it came from
                return self._invalid
            if not self._radicals and has_radicals(molecule.rdkit):
                return self._invalid._replace(radical=True)
            values = tuple(_number(function, molecule) for function in self._functions)
            rings = molecule.scaffold if self._scaffolds else None
            return MoleculeRecord(canonical, rings, values)


def _number(function: MoleculeFunction, molecule: Molecule) -> float:
    """A finite number, or NaN; RDKit's own errors are of these kinds."""
    try:
        value = function(molecule)
    except (ValueError, ArithmeticError, RuntimeError):
        return math.nan
    return value if math.isfinite(value) else math.nan
