"""Properties of molecules as terms: those of the paper's experiment, and RDKit's descriptors."""

from __future__ import annotations

from difflib import get_close_matches
from operator import attrgetter
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.terms.term import MoleculeFunction, MoleculeTerm

# Mean and standard deviation over ZINC250k by which papers on penalised logP scale its parts (as in
# the reward of the program of You et al. 2018, https://arxiv.org/abs/1806.02473).
_LOGP = (2.4570953396190123, 1.434324401111988)
_SA = (-3.0525811293166134, 0.8335207024513095)
_RING = (-0.0485696876403053, 0.2860212110245455)


class Valid(MoleculeTerm):
    """1 for every valid molecule.

    >>> from sequence_tutor.molecule.terms import Valid, raw_number
    >>> raw_number(Valid(), "CCO"), raw_number(Valid(), "C(")
    (1.0, nan)
    """

    source: ClassVar[str] = "RDKit's sanitisation, within the limits of reward.limits"
    unit: ClassVar[str] = "1"
    kind: Literal["valid"] = "valid"

    def prepare(self) -> MoleculeFunction:
        """The constant 1."""
        return lambda _: 1.0


class _Property(MoleculeTerm):
    """A property of a `Molecule`, whose attribute has the name of the kind."""

    kind: str

    def prepare(self) -> MoleculeFunction:
        """The attribute."""
        return attrgetter(self.kind)


class LogP(_Property):
    """Crippen's logP, the lipophilicity; unbounded, so clip it or scale it.

    >>> from sequence_tutor.molecule.terms import LogP, raw_number
    >>> round(raw_number(LogP(), "CCCCCCCC"), 2)  # octane
    3.37
    """

    source: ClassVar[str] = "Wildman and Crippen 1999, https://doi.org/10.1021/ci990307l"
    unit: ClassVar[str] = "log10 units"
    kind: Literal["logp"] = "logp"


class SA(_Property):
    """Minus the synthetic accessibility score: -1 is easy to synthesise, -10 hard.

    >>> from sequence_tutor.molecule.terms import SA, raw_number
    >>> round(raw_number(SA(), "CC(=O)Nc1ccc(O)cc1"), 2)  # paracetamol
    -1.41
    """

    source: ClassVar[str] = "Ertl and Schuffenhauer 2009, https://doi.org/10.1186/1758-2946-1-8"
    unit: ClassVar[str] = "-10..-1"
    kind: Literal["sa"] = "sa"


class Qed(_Property):
    """QED, the quantitative estimate of drug-likeness.

    >>> from sequence_tutor.molecule.terms import Qed, raw_number
    >>> round(raw_number(Qed(), "CC(=O)Nc1ccc(O)cc1"), 2)  # paracetamol
    0.6
    """

    source: ClassVar[str] = "Bickerton et al. 2012, https://doi.org/10.1038/nchem.1243"
    unit: ClassVar[str] = "0..1"
    kind: Literal["qed"] = "qed"


class Ring(_Property):
    """Minus the number of atoms beyond six in the largest ring.

    >>> from sequence_tutor.molecule.terms import Ring, raw_number
    >>> raw_number(Ring(), "C1CCCCCCCCC1")  # cyclodecane
    -4.0
    """

    source: ClassVar[str] = "rdkit.Chem.Mol.GetRingInfo().AtomRings()"
    unit: ClassVar[str] = "atoms, 0 or less"
    kind: Literal["ring"] = "ring"


class PenalisedLogP(MoleculeTerm):
    """Penalised logP, logp + sa + ring; optionally scaled as papers on ZINC250k report it.

    The ring term of the source counts a cycle basis of the graph, ours the largest ring of RDKit;
    they differ for some fused systems.

    >>> from sequence_tutor.molecule.terms import PenalisedLogP, raw_number
    >>> round(raw_number(PenalisedLogP(), "CCCCCCCC"), 2)  # octane: logp + sa + ring
    2.06
    """

    source: ClassVar[str] = (
        "Gomez-Bombarelli et al. 2018, https://arxiv.org/abs/1610.02415, section on optimisation"
    )

    unit: ClassVar[str] = "log10 units, or deviations"
    kind: Literal["penalised_logp"] = "penalised_logp"
    scaled: bool = Field(
        False, description="scale each part to mean 0 and deviation 1 over ZINC250k"
    )

    def prepare(self) -> MoleculeFunction:
        """The sum of the three terms above."""
        combine = scaled_penalised_logp if self.scaled else penalised_logp
        return lambda molecule: combine(molecule.logp, molecule.sa, molecule.ring)


_EXPECTED = "a name of rdkit.Chem.Descriptors.descList"


class Descriptor(MoleculeTerm):
    """A descriptor of RDKit by its name, such as TPSA, MolWt or NumRotatableBonds.

    >>> from sequence_tutor.molecule.terms import Descriptor, raw_number
    >>> raw_number(Descriptor(descriptor="TPSA"), "CCO")
    20.23
    """

    source: ClassVar[str] = "rdkit.Chem.Descriptors.descList"
    unit: ClassVar[str] = "the descriptor's own"
    kind: Literal["descriptor"] = "descriptor"
    descriptor: str = Field(description=_EXPECTED)

    @field_validator("descriptor")
    @classmethod
    def _known(cls, name: str) -> str:
        if name in DESCRIPTORS:
            return name
        by_lower = {known.lower(): known for known in DESCRIPTORS}
        close = get_close_matches(name.lower(), by_lower, n=1)  # in any case; too many to list
        near = f"did you mean {by_lower[close[0]]!r}?" if close else f"expected {_EXPECTED}"
        raise ValueError(f"unknown descriptor {name!r}: {near}")

    def prepare(self) -> MoleculeFunction:
        """RDKit's function."""
        function = DESCRIPTORS[self.descriptor]
        return lambda molecule: float(function(molecule.rdkit))


def penalised_logp(logp: float, sa: float, ring: float) -> float:
    """Logp + sa + ring; the latter two are penalties of 0 or less."""
    return logp + sa + ring


def scaled_penalised_logp(logp: float, sa: float, ring: float) -> float:
    """The same, each part scaled to mean 0 and deviation 1 over ZINC250k."""
    parts = ((logp, _LOGP), (sa, _SA), (ring, _RING))
    return sum((value - mean) / deviation for value, (mean, deviation) in parts)
