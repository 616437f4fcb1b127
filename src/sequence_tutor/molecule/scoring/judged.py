"""The scores of a batch of molecules, and what could not be scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.molecule.terms import MoleculeRecord

RADICALS = "radicals"
COUNTED = ("without_a_number", "timeouts", "failures", RADICALS)
"""Counts of scored sequences: see `Judged.lost`."""


@dataclass(frozen=True)
class Judged:
    """The scores of a batch of B sequences.

    Attributes:
        smiles: as written; None for a sequence without an end.
        records: canonical SMILES, scaffold and the terms of the molecule.
        scored: (B,) bool: valid, and every term has a number.
        raw: (B, K) raw numbers of `MoleculeReward.term_names`; NaN where there is none.
        scores: (B, K) the same transformed; NaN where not scored.
        paid: (B, R) what each of `MoleculeReward.names` pays.
        total: (B,) the weighted sum of `paid`.
        lost: counts by `COUNTED`: molecules for which some term has no number, strings that took
            too long, strings that RDKit failed on, molecules refused as radicals.
    """

    smiles: list[str | None]
    records: list[MoleculeRecord]
    scored: NDArray[np.bool_]
    raw: NDArray[np.float64]
    scores: NDArray[np.float64]
    paid: NDArray[np.float64]
    total: NDArray[np.float64]
    lost: tuple[int, int, int, int]
