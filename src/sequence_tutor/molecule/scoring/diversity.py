"""Penalties for molecules, scaffolds and similar molecules that a run has found before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.molecule.chemistry import (
    Fingerprint,
    fingerprint,
    known,
    molecule_hash,
    packed,
    tanimoto,
    unpacked,
)
from sequence_tutor.molecule.terms import MoleculeRecord

BITS = 2048

PENALTIES = ("found_before", "crowded_scaffold", "similar_to_found")
"""Names of the terms."""


class DiversitySettings(Settings):
    """Penalties for molecules found before; a penalty is off unless it has a weight."""

    repeat: float = Field(0.0, ge=0, description="weight of -1 for a molecule found before")
    scaffold: float = Field(
        0.0, ge=0, description="weight of -1 for a molecule whose scaffold was found `bucket` times"
    )
    bucket: int = Field(25, ge=1, description="molecules of one scaffold without a penalty")
    similar: float = Field(
        0.0, ge=0, description="weight of the penalty for being similar to a molecule found before"
    )
    similarity: float = Field(
        0.7,
        ge=0,
        lt=1,
        description="Tanimoto similarity up to which that penalty is 0; at 1 it is -1",
    )
    kept: int = Field(1000, ge=1, description="newest distinct molecules to compare with")
    minimum: float | None = Field(
        None, description="lowest score of a molecule that is remembered; none: any"
    )

    @property
    def weights(self) -> dict[str, float]:
        """The terms that are on: name -> weight."""
        every = zip(PENALTIES, (self.repeat, self.scaffold, self.similar), strict=True)
        return {name: weight for name, weight in every if weight}


class Diversity:
    """The memory of a run and the penalties computed from it.

    A penalty depends on what was remembered before and on nothing else in its batch, so that
    sequences can be scored in any order and number. Molecules without rings share one empty
    scaffold, as in the filter of REINVENT (Blaschke et al. 2020, https://doi.org/10.1186/
    s13321-020-00473-0), from which the buckets are taken. Here a penalty is a term with a weight,
    because replay stores terms separately; there the score becomes 0.
    """

    def __init__(self, settings: DiversitySettings) -> None:
        self.settings = settings
        self._molecules: Counter[int] = Counter()
        self._scaffolds: Counter[int] = Counter()
        self._prints: list[Fingerprint] = []  # the newest last

    @property
    def names(self) -> tuple[str, ...]:
        """The D penalties that are on."""
        return tuple(self.settings.weights)

    def __call__(self, records: Sequence[MoleculeRecord]) -> NDArray[np.float64]:
        """(B, D) from -1 to 0; 0 where invalid."""
        penalties = (self._found_before, self._crowded, self._similar)
        terms = dict(zip(PENALTIES, penalties, strict=True))
        columns = [
            [0.0 if record.canonical is None else terms[name](record) for record in records]
            for name in self.names
        ]
        return np.array(columns, dtype=np.float64).reshape(len(columns), len(records)).T

    def remember(self, records: Sequence[MoleculeRecord]) -> None:
        """Add molecules, each as often as it is given; invalid ones are skipped."""
        for record in records:
            if record.canonical is None:
                continue
            name = molecule_hash(record.canonical)
            if self.settings.similar and name not in self._molecules:
                self._prints.append(_print(record.canonical))
            self._molecules[name] += 1
            if record.scaffold is not None:
                self._scaffolds[molecule_hash(record.scaffold)] += 1
        del self._prints[: -self.settings.kept]

    def report(self) -> dict[str, float]:
        """Counts of distinct molecules, repeats, scaffolds, and scaffolds with a full bucket."""
        full = sum(count >= self.settings.bucket for count in self._scaffolds.values())
        return {
            "found": len(self._molecules),
            "repeats": self._molecules.total() - len(self._molecules),
            "scaffolds": len(self._scaffolds),
            "full_scaffolds": full,
        }

    def state(self) -> dict[str, Tensor]:
        """The memory as tensors: hashes and counts (N,), fingerprints (M, 256) of bytes."""
        prints = np.frombuffer(b"".join(map(packed, self._prints)), dtype=np.uint8)
        molecules, scaffolds = self._molecules, self._scaffolds
        return {
            "molecules": torch.tensor(list(molecules), dtype=torch.int64),
            "molecule_counts": torch.tensor(list(molecules.values()), dtype=torch.int64),
            "scaffolds": torch.tensor(list(scaffolds), dtype=torch.int64),
            "scaffold_counts": torch.tensor(list(scaffolds.values()), dtype=torch.int64),
            "fingerprints": torch.from_numpy(prints.copy()).reshape(-1, BITS // 8),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore a `state`."""
        self._molecules = _counter(state["molecules"], state["molecule_counts"])
        self._scaffolds = _counter(state["scaffolds"], state["scaffold_counts"])
        self._prints = [unpacked(row.tobytes()) for row in state["fingerprints"].cpu().numpy()]

    def _found_before(self, record: MoleculeRecord) -> float:
        return -float(molecule_hash(record.canonical or "") in self._molecules)

    def _crowded(self, record: MoleculeRecord) -> float:
        count = self._scaffolds[molecule_hash(record.scaffold or "")]
        return -float(count >= self.settings.bucket)

    def _similar(self, record: MoleculeRecord) -> float:
        if not self._prints or record.canonical is None:
            return 0.0
        nearest = max(tanimoto(_print(record.canonical), self._prints))
        free = self.settings.similarity
        return min(0.0, (free - nearest) / (1 - free))


def _print(canonical: str) -> Fingerprint:
    molecule = known(canonical)
    if molecule is None:
        raise ValueError(f"canonical must be valid, got {canonical!r}")
    return fingerprint(molecule.rdkit, bits=BITS)


def _counter(hashes: Tensor, counts: Tensor) -> Counter[int]:
    return Counter(dict(zip(hashes.tolist(), counts.tolist(), strict=True)))
