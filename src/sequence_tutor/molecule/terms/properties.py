"""The properties of the paper's experiment, each a term without constants."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sequence_tutor.molecule.chemistry import (
    Molecule,
    penalised_logp,
    scaled_penalised_logp,
)
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm


class Valid(MoleculeTerm):
    """1 for every molecule; nothing that is invalid is paid it."""

    unit: ClassVar[str] = "1"
    kind: Literal["valid"] = "valid"

    def prepare(self) -> MoleculeFunction:
        """The constant 1."""
        return lambda _: 1.0


class LogP(MoleculeTerm):
    """Crippen's logP: how well it dissolves in fat; unbounded, so clip it or scale it."""

    unit: ClassVar[str] = "log10 units"
    kind: Literal["logp"] = "logp"

    def prepare(self) -> MoleculeFunction:
        """RDKit's `Crippen.MolLogP`."""
        return lambda molecule: molecule.logp


class SA(MoleculeTerm):
    """Minus the synthetic accessibility score: -1 is easy to make, -10 hard."""

    unit: ClassVar[str] = "-10..-1"
    kind: Literal["sa"] = "sa"

    def prepare(self) -> MoleculeFunction:
        """Minus RDKit's `sascorer.calculateScore`."""
        return lambda molecule: molecule.sa


class Qed(MoleculeTerm):
    """QED, the quantitative estimate of drug-likeness."""

    unit: ClassVar[str] = "0..1"
    kind: Literal["qed"] = "qed"

    def prepare(self) -> MoleculeFunction:
        """RDKit's `QED.qed`."""
        return lambda molecule: molecule.qed


class Ring(MoleculeTerm):
    """Minus the atoms of the largest ring beyond six."""

    unit: ClassVar[str] = "atoms, 0 or less"
    kind: Literal["ring"] = "ring"

    def prepare(self) -> MoleculeFunction:
        """Of RDKit's `GetRingInfo().AtomRings()`."""
        return lambda molecule: molecule.ring


class PenalisedLogP(MoleculeTerm):
    """Penalised logP, logp + sa + ring: as it is, or scaled as papers on ZINC250k report it."""

    unit: ClassVar[str] = "log10 units, or deviations"
    kind: Literal["penalised_logp"] = "penalised_logp"
    scaled: bool = Field(
        False, description="each part first brought to mean 0 and deviation 1 over ZINC250k"
    )

    def prepare(self) -> MoleculeFunction:
        """Of the three terms above."""
        combine = scaled_penalised_logp if self.scaled else penalised_logp

        def of(molecule: Molecule) -> float:
            return combine(molecule.logp, molecule.sa, molecule.ring)

        return of
