"""Components of the benchmarks' scores: similarity, properties, formulas, substructures.

Source: Brown et al., GuacaMol: Benchmarking Models for de Novo Molecular Design, 2019
(https://arxiv.org/abs/1811.09621), section 3.2. A component maps a molecule to a score from 0 to 1,
where a modifier may map a property to that score; an `Objective` is the mean of several components.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from rdkit import Chem, DataStructs
from rdkit.Chem import QED, GraphDescriptors, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from sequence_tutor.molecule.chemistry import element_counts, formula_counts, parse, pattern

FingerprintKind = Literal["ECFP4", "ECFP6", "FCFP4", "AP", "PHCO"]
PropertyName = Literal["qed", "logp", "tpsa", "bertz", "rings", "aromatic_rings", "fluorines"]
Fingerprint = Any  # RDKit has one class of sparse counts for each width, without a common base

Component = Callable[[Chem.Mol], float]
"""A score of a molecule, 0 to 1."""

Modifier = Callable[[float], float]
"""The score of a property, 0 to 1."""


def unchanged(value: float) -> float:
    """A property that is a score already."""
    return value


@dataclass(frozen=True)
class Gaussian:
    """1 at `mu`, a bell curve of width `sigma` on both sides (GuacaMol: Gaussian(mu, sigma))."""

    mu: float
    sigma: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return math.exp(-0.5 * ((value - self.mu) / self.sigma) ** 2)


class AtMost(Gaussian):
    """1 up to `mu`, above it the bell curve (GuacaMol: MinGaussian)."""

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return super().__call__(max(value, self.mu))


class AtLeast(Gaussian):
    """1 from `mu` on, below it the bell curve (GuacaMol: MaxGaussian)."""

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return super().__call__(min(value, self.mu))


@dataclass(frozen=True)
class Thresholded:
    """Rises linearly from 0 at 0 to 1 at `threshold`, 1 beyond (GuacaMol: Thresholded(t))."""

    threshold: float

    def __call__(self, value: float) -> float:
        """The score of a property."""
        return min(max(value / self.threshold, 0.0), 1.0)


@cache
def _fingerprinter(kind: FingerprintKind) -> Callable[[Chem.Mol], Fingerprint]:
    """Counts of circular environments (ECFP, FCFP) or atom pairs; bits of pharmacophores (PHCO)."""
    if kind == "PHCO":
        return lambda molecule: Generate.Gen2DFingerprint(molecule, Gobbi_Pharm2D.factory)
    if kind == "AP":
        pairs = rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=10)
        return pairs.GetSparseCountFingerprint
    features = rdFingerprintGenerator.GetMorganFeatureAtomInvGen() if kind == "FCFP4" else None
    circles = rdFingerprintGenerator.GetMorganGenerator(
        radius=3 if kind == "ECFP6" else 2, atomInvariantsGenerator=features
    )
    return circles.GetSparseCountFingerprint


def fingerprint(molecule: Chem.Mol, kind: FingerprintKind) -> Fingerprint:
    """A fingerprint of the benchmarks: unfolded, and with counts except for PHCO."""
    return _fingerprinter(kind)(molecule)


@dataclass(frozen=True)
class SimilarTo:
    """Tanimoto similarity to a molecule."""

    target: str
    kind: FingerprintKind
    modifier: Modifier = unchanged

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        found = fingerprint(molecule, self.kind)
        return self.modifier(DataStructs.TanimotoSimilarity(found, self._target))

    @cached_property
    def _target(self) -> Fingerprint:
        return fingerprint(molecule_of(self.target), self.kind)


PROPERTIES: Mapping[PropertyName, Callable[[Chem.Mol], float]] = {
    "qed": QED.qed,
    "logp": lambda molecule: rdMolDescriptors.CalcCrippenDescriptors(molecule)[0],
    "tpsa": rdMolDescriptors.CalcTPSA,
    "bertz": GraphDescriptors.BertzCT,
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
    "fluorines": lambda molecule: element_counts(molecule).get("F", 0),
}


@dataclass(frozen=True)
class Property:
    """A property that RDKit computes."""

    name: PropertyName
    modifier: Modifier = unchanged

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        return self.modifier(PROPERTIES[self.name](molecule))


@dataclass(frozen=True)
class SameProperty:
    """How near a property is to that of another molecule: a bell curve of width `sigma`."""

    name: PropertyName
    of: str
    sigma: float

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        return self._near(PROPERTIES[self.name](molecule))

    @cached_property
    def _near(self) -> Gaussian:
        return Gaussian(PROPERTIES[self.name](molecule_of(self.of)), self.sigma)


@dataclass(frozen=True)
class Formula:
    """How near the molecular formula is: the geometric mean of bell curves for atom counts.

    Each element, hydrogen too, has a curve of width 1; the number of all atoms one of width 2.
    """

    formula: str

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        counts = element_counts(molecule)
        wanted = formula_counts(self.formula)
        scores = [Gaussian(count, 1.0)(counts.get(name, 0)) for name, count in wanted.items()]
        total = Gaussian(sum(wanted.values()), 2.0)(sum(counts.values()))
        return geometric_mean([*scores, total])


@dataclass(frozen=True)
class HasPattern:
    """1 where a SMARTS pattern is present; with `absent`, where it is not."""

    smarts: str
    absent: bool = False

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        return float(molecule.HasSubstructMatch(self._pattern) != self.absent)

    @cached_property
    def _pattern(self) -> Chem.Mol:
        return pattern(self.smarts)


@dataclass(frozen=True)
class Objective:
    """The mean of components; the geometric mean is 0 as soon as one component is."""

    components: tuple[Component, ...]
    mean: Literal["geometric", "arithmetic"] = "geometric"

    def __call__(self, molecule: Chem.Mol) -> float:
        """From 0 to 1."""
        scores = [component(molecule) for component in self.components]
        if self.mean == "geometric":
            return geometric_mean(scores)
        return sum(scores) / len(scores)


def geometric_mean(scores: list[float]) -> float:
    """The n-th root of the product of n scores."""
    return math.prod(scores) ** (1 / len(scores))


def molecule_of(smiles: str) -> Chem.Mol:
    """The molecule of a task's definition.

    Raises:
        ValueError: the SMILES cannot be read.
    """
    molecule = parse(smiles)
    if molecule is None:
        raise ValueError(f"{smiles!r} cannot be read as SMILES")
    return molecule
