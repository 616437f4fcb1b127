"""The statistics of Table 2 and what belongs beside it, over streamed molecules.

Source: Jaques et al., Sequence Tutor (arXiv:1611.02796), Table 2.

Memory is bounded: strings are told apart by hashes, of which 10,000 are kept, and 10,000 molecules
by their fingerprints; all else is sums.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.estimates import NORMAL_REACH, UNDEFINED, Estimate, Mean, wilson
from sequence_tutor.molecule.chemistry import known, parse
from sequence_tutor.molecule.distribution import cosine, ringed_scaffold
from sequence_tutor.molecule.rows import MEANS, STRUCTURE, TABLE_TERMS, Decodes, MoleculeRows
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.tanimoto import Prints, fingerprints, mean_similarities, nearest
from sequence_tutor.sequences import SequenceBatch

__all__ = ["FIGURES", "TABLE_TERMS", "Decodes", "MoleculeStatistics", "Reference"]

MOST_COMPARED = 10_000
"""Molecules, the first valid ones, that are looked at one by one or in pairs."""

UNIQUE_AT = {"unique_at_1k": 1_000, "unique_at_10k": 10_000}

_OF_VALID = "valid molecules"  # these leave out what is no molecule
FIGURES: dict[str, Figure] = {
    **dict.fromkeys(("valid", *UNIQUE_AT), Figure("higher", True)),
    **dict.fromkeys((*MEANS, "internal_diversity"), Figure("higher")),
    **dict.fromkeys(("novel", "filters_passed"), Figure("higher", True, _OF_VALID)),
    **dict.fromkeys(("fragments", "radicals"), Figure("lower", True, _OF_VALID)),
    "charged": Figure(None, True, _OF_VALID),
}
"""How they are shown; logP is better upwards, as in Table 2. The rest may well be wanted either
way."""


@dataclass(frozen=True)
class Reference:
    """Molecules that samples are compared with, looked at once.

    Attributes:
        prints: their fingerprints.
        scaffolds: how often each scaffold of two rings or more occurs.
    """

    prints: Prints
    scaffolds: Counter[str]

    @classmethod
    def of(cls, mols: Sequence[Chem.Mol]) -> Reference:
        """Those of some molecules."""
        return cls(fingerprints(mols), _scaffolds(mols))

    @classmethod
    def of_smiles(cls, smiles: Sequence[str]) -> Reference:
        """Those of the valid ones among some strings."""
        return cls.of([mol for mol in map(parse, smiles) if mol is not None])


class MoleculeStatistics:
    """Gathers the rows of Table 2 over batches of molecules. Satisfies `domain.Statistics`.

    - The rows of `MoleculeRows`; those of `STRUCTURE` of the first 10,000 valid molecules.
    - `unique_at_1k`, `unique_at_10k`: share of distinct ones among the first so many; undefined
      while there are fewer. Their intervals are Wilson's for as many independent molecules, and
      so only a guide.
    - `internal_diversity`: 1 - the mean Tanimoto similarity over all pairs of the first 10,000,
      each with itself too, as MOSES has it.
    - `snn`, `scaffold_similarity`: see `likeness`; only with a reference.

    Args:
        vocabulary: turns tokens into SMILES.
        scorer: of `MoleculeRows.terms()`. It stays open.
        training: sorted `molecule_hash` of the training data, or None.
        reference: what to compare with, held-out data for instance, or None.
    """

    def __init__(
        self,
        vocabulary: Decodes,
        scorer: Scorer,
        training: Tensor | None = None,
        reference: Reference | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._rows = MoleculeRows(vocabulary, scorer, training)
        self._reference = reference
        ranges = self._rows.ranges()
        self._every = RowStatistics(
            {name: one for name, one in ranges.items() if name not in STRUCTURE}
        )
        self._few = RowStatistics({name: one for name, one in ranges.items() if name in STRUCTURE})
        self._first: list[str] = []
        self._prints = [fingerprints([])]
        self._scaffolds: Counter[str] = Counter()

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self.add(self._vocabulary.decode_batch(batch))

    def add(self, smiles: Sequence[str | None]) -> None:
        """Add SMILES; None: a sequence that never ended."""
        counts, canonical = self._rows.count_smiles(smiles)
        self._every.add(counts)
        valid = [text for text in canonical if text is not None]
        first = valid[: max(MOST_COMPARED - len(self._first), 0)]
        if not first:
            return
        self._first += first
        self._few.add(self._rows.count_structures(first))
        self._look_at(first)

    def result(self) -> dict[str, Estimate]:
        """Every row so far."""
        prints, alike = np.concatenate(self._prints), {}
        if self._reference is not None:
            alike = likeness(Reference(prints, self._scaffolds), self._reference)
        rows = {"novel": UNDEFINED, **self._every.result(), **self._few.result()}
        return {
            **{name: rows.pop(name) for name in ("valid", *MEANS)},
            **{row: self._unique(count) for row, count in UNIQUE_AT.items()},
            "novel": rows.pop("novel"),
            "internal_diversity": internal_diversity(prints),
            **{name: rows.pop(name) for name in ("filters_passed", "radicals")},
            **alike,
            **rows,
        }

    def _look_at(self, canonical: Sequence[str]) -> None:
        """What takes the molecules themselves, while they are at hand."""
        known_ones = (known(text) for text in canonical)
        mols = [molecule.rdkit for molecule in known_ones if molecule is not None]
        self._prints.append(fingerprints(mols))
        if self._reference is not None:
            self._scaffolds += _scaffolds(mols)

    def _unique(self, count: int) -> Estimate:
        if len(self._first) < count:
            return UNDEFINED
        return wilson(len(set(self._first[:count])) / count, count)


class LikenessToMolecules:
    """How like a reference molecules are: `snn` and `scaffold_similarity`, see `likeness`.

    Args:
        vocabulary: turns tokens into SMILES.
        real: the reference.
    """

    def __init__(self, vocabulary: Decodes, real: SequenceBatch) -> None:
        self._vocabulary = vocabulary
        self._reference = Reference.of_smiles(self._smiles(real))
        self._first: list[str] = []

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self._first += self._smiles(batch)[: MOST_COMPARED - len(self._first)]

    def result(self) -> dict[str, Estimate]:
        """Both so far, of the first 10,000."""
        return likeness(Reference.of_smiles(self._first), self._reference)

    def _smiles(self, batch: SequenceBatch) -> list[str]:
        return [text for text in self._vocabulary.decode_batch(batch) if text is not None]


def internal_diversity(prints: Prints) -> Estimate:
    """1 - the mean Tanimoto similarity of all pairs, as MOSES defines it.

    The interval is that of a U-statistic of two molecules: its error is twice that of the mean
    over molecules of their own mean similarity (Hoeffding 1948, its first projection).
    """
    if not len(prints):
        return UNDEFINED
    own, _ = mean_similarities(prints)
    value = float(1 - own.mean())
    if len(prints) < 2:
        return Estimate(value, -math.inf, math.inf)
    reach = NORMAL_REACH * 2 * float(own.std(ddof=1)) / math.sqrt(len(prints))
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0))


def likeness(own: Reference, reference: Reference) -> dict[str, Estimate]:
    """How like a reference some molecules are, as MOSES defines it.

    Returns:
        `snn`, the mean similarity to the nearest of the reference, and `scaffold_similarity`, the
        cosine of the counts of scaffolds of two rings or more, which has no interval.
    """
    snn = Mean()
    if len(own.prints) and len(reference.prints):
        snn.update(torch.from_numpy(nearest(own.prints, reference.prints)))
    alike = cosine(own.scaffolds, reference.scaffolds)
    return {"snn": snn.estimate(), "scaffold_similarity": Estimate(alike, -math.inf, math.inf)}


def _scaffolds(mols: Sequence[Chem.Mol]) -> Counter[str]:
    every = (ringed_scaffold(mol) for mol in mols)
    return Counter(one for one in every if one is not None)
