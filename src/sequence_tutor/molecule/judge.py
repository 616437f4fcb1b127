"""What samples of a prior are judged by while it is trained."""

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
    """Says how many samples are molecules, distinct, new, and like the data.

    Args:
        vocabulary: what the samples are written in.
        known: (M,) sorted hashes of the training molecules by canonical SMILES; None: none are
            known, and nothing is said of what is new.
        data: mean properties of the data, by name.
    """

    def __init__(
        self, vocabulary: Vocabulary, known: Tensor | None, data: Mapping[str, float]
    ) -> None:
        self.vocabulary, self.known, self.data = vocabulary, known, data

    def __call__(self, batch: SequenceBatch) -> dict[str, float]:
        """The figures of some samples.

        Returns:
            `valid`, the share of molecules; `unique`, of the valid the share of distinct ones;
            `novel`, of the distinct the share that was not trained on, if that is known; the mean
            of each property over the valid ones, and beside it that of the data, as `logp_data`.
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
