"""Figures of the samples of a prior while it is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.molecule.chemistry import PROPERTIES, known, molecule_hash
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch


class SampleJudge:
    """Computes shares of valid, distinct and novel samples, and their mean properties.

    Args:
        vocabulary: decodes the samples.
        known: (M,) sorted hashes of the canonical SMILES of the training molecules; None: unknown.
        data: mean properties of the data, by name.
    """

    def __init__(
        self, vocabulary: Vocabulary, known: Tensor | None, data: Mapping[str, float]
    ) -> None:
        self.vocabulary, self.known, self.data = vocabulary, known, data

    def __call__(self, batch: SequenceBatch) -> dict[str, float]:
        """The figures of some samples.

        Returns:
            `valid`: share of valid molecules; `unique`: share of distinct ones among these;
            `novel`: share of the distinct ones not in the training data, if that is known; the
            mean of each property over the valid ones, and of the data, such as `logp_data`.
        """
        found: dict[str, tuple[float, ...]] = {}
        counts: Counter[str] = Counter()
        for smiles in self.vocabulary.decode_batch(batch):
            molecule = None if smiles is None else known(smiles)
            if molecule is not None:
                counts[molecule.canonical] += 1
                if molecule.canonical not in found:
                    found[molecule.canonical] = molecule.properties
        valid = counts.total()
        hashes = torch.tensor([molecule_hash(canonical) for canonical in found], dtype=torch.int64)
        weights = [counts[canonical] for canonical in found]
        means = np.average(list(found.values()), axis=0, weights=weights).tolist() if found else []
        figures = {
            "samples": len(batch),
            "valid": valid / len(batch),
            "unique": len(found) / max(valid, 1),
        }
        if self.known is not None:
            new = len(found) - int(torch.isin(hashes, self.known).sum())
            figures["novel"] = new / max(len(found), 1)
        for name, mean in zip(PROPERTIES, means, strict=bool(means)):
            figures |= {name: mean, f"{name}_data": self.data[name]}
        return figures
