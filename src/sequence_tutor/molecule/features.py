"""Features of molecules, the input of a user's models: fingerprints and descriptors.

>>> from sequence_tutor.molecule.features import Morgan, matrix
>>> matrix(["CCO", "c1ccccc1"], Morgan(size=1024, counts=True)).shape
(2, 1024)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, field_validator
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.molecule.chemistry import DEFAULT_LIMITS, DESCRIPTORS, Limits, known, quiet

Row = NDArray[np.generic]
"""(F,) numbers of one molecule."""

Compute = Callable[[Chem.Mol], Row]


class Morgan(Settings):
    """A Morgan fingerprint: bits or counts of the surroundings of each atom, folded to a size.

    Source: Rogers and Hahn 2010, https://doi.org/10.1021/ci100050t, as RDKit computes it.
    """

    kind: Literal["morgan"] = "morgan"
    radius: int = Field(2, ge=0, le=6, description="bonds around each atom; 2: ECFP4")
    size: int = Field(2048, ge=16, le=65536, description="numbers of the fingerprint")
    counts: bool = Field(False, description="how often each occurs, instead of whether it does")
    chirality: bool = Field(False, description="whether stereocentres count")
    atoms: Literal["ecfp", "fcfp"] = Field(
        "ecfp", description="ecfp: elements and their bonds; fcfp: donors, acceptors, rings, ..."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each number."""
        return tuple(f"morgan_{place}" for place in range(self.size))

    def prepare(self) -> Compute:
        """RDKit's generator, made once."""
        invariants = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
        generator = rdFingerprintGenerator.GetMorganGenerator(
            radius=self.radius,
            fpSize=self.size,
            includeChirality=self.chirality,
            **({"atomInvariantsGenerator": invariants} if self.atoms == "fcfp" else {}),
        )
        if self.counts:
            return generator.GetCountFingerprintAsNumPy
        return generator.GetFingerprintAsNumPy


def _listed(given: Any) -> Any:  # whatever a user's file holds
    return (given,) if isinstance(given, str | dict | Settings) else given


class Descriptors(Settings):
    """Descriptors of RDKit, in the order of their names; all that it has if none is named."""

    kind: Literal["descriptors"] = "descriptors"
    names: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        tuple(DESCRIPTORS), min_length=1, description="of rdkit.Chem.Descriptors.descList"
    )

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in DESCRIPTORS:
                raise ValueError(f"unknown descriptor {name!r}: {nearest(name, DESCRIPTORS)}")
        return names

    @property
    def size(self) -> int:
        """Numbers of a molecule."""
        return len(self.names)

    def prepare(self) -> Compute:
        """RDKit's functions."""
        functions = [DESCRIPTORS[name] for name in self.names]
        return lambda mol: np.array([function(mol) for function in functions], dtype=np.float64)


Part = Annotated[Morgan | Descriptors, Field(discriminator="kind")]
Features = Annotated[tuple[Part, ...], BeforeValidator(_listed), Field(min_length=1)]
"""One table, or a list of tables whose numbers follow each other."""


def size_of(features: Sequence[Morgan | Descriptors]) -> int:
    """F, the numbers of a molecule."""
    return sum(part.size for part in features)


def names_of(features: Sequence[Morgan | Descriptors]) -> tuple[str, ...]:
    """A name for each of the F numbers."""
    return tuple(name for part in features for name in part.names)


def row_of(
    features: tuple[Morgan | Descriptors, ...], smiles: str, limits: Limits = DEFAULT_LIMITS
) -> Row:
    """(F,) numbers of a molecule, NaN where a descriptor is undefined.

    Raises:
        ValueError: it is no molecule.
    """
    found = known(smiles, limits)
    if found is None:
        raise ValueError(f"{smiles!r} is no valid molecule")
    with quiet():
        parts = [compute(found.rdkit) for compute in _prepared(features)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def matrix(smiles: Sequence[str], *features: Morgan | Descriptors) -> Row:
    """(N, F) numbers of some molecules, to train a model with.

    Raises:
        ValueError: one of them is no molecule.
    """
    if not features:
        raise ValueError("no features were given")
    return np.stack([row_of(features, one) for one in smiles])


@lru_cache(maxsize=16)
def _prepared(features: tuple[Morgan | Descriptors, ...]) -> tuple[Compute, ...]:
    return tuple(part.prepare() for part in features)
