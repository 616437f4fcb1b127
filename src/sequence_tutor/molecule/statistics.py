"""The statistics of Table 2 and what belongs beside it, over streamed molecules.

Source: Jaques et al., Sequence Tutor (arXiv:1611.02796), Table 2.

Memory is bounded: strings are told apart by hashes, of which 10,000 are kept, and 10,000 molecules
by their fingerprints; all else is sums.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem import Descriptors
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams
from scipy.special import ndtri
from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.estimates import UNDEFINED, UPPER_TAIL, Estimate, Mean, Proportion, wilson
from sequence_tutor.molecule.chemistry import known, molecule_hash, parse
from sequence_tutor.molecule.distribution import cosine, ringed_scaffold
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.tanimoto import Prints, fingerprints, mean_similarities, nearest
from sequence_tutor.molecule.terms import SA, LogP, MoleculeTerm, Qed, Ring
from sequence_tutor.sequences import SequenceBatch

MOST_COMPARED = 10_000
"""Molecules, the first valid ones, that are looked at one by one or in pairs."""

TABLE_TERMS: dict[str, MoleculeTerm] = {"logp": LogP(), "qed": Qed(), "sa": SA(), "ring": Ring()}
"""What the scorer of these statistics computes."""

MEANS = {
    "mean_logp": "logp",
    "mean_qed": "qed",
    "mean_sa_penalty": "sa",
    "mean_ring_penalty": "ring",
}
"""Statistic -> the term whose raw number it is the mean of."""

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

_CHARGED = re.compile(r"\[[^\]]*[+-]\d*(?::\d+)?\]")  # what a charge is written as


class Decodes(Protocol):
    """What the statistics need of a vocabulary."""

    def decode_batch(self, batch: SequenceBatch) -> list[str | None]:
        """The SMILES of each row; None where it did not end."""


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

    - `valid`: share of molecules among the samples. All that follows is of the valid ones.
    - `mean_logp`, `mean_qed`, `mean_sa_penalty` (minus the SA score), `mean_ring_penalty`: raw
      means, with Student's interval.
    - `unique_at_1k`, `unique_at_10k`: share of distinct ones among the first so many; undefined
      while there are fewer. Their intervals are Wilson's for as many independent molecules, and
      so only a guide.
    - `novel`: share that is not in the training data.
    - `internal_diversity`: 1 - the mean Tanimoto similarity over all pairs of the first 10,000,
      each with itself too, as MOSES has it.
    - `fragments`: share of several parts, `charged`: share with a charge on any atom (a nitro
      group has two).
    - `snn`, `scaffold_similarity`: see `likeness`; only with a reference.
    - `radicals`, `filters_passed`: shares among the first 10,000 with an unpaired electron, and
      without any of the 105 unwanted groups of Brenk et al. 2008 as RDKit's FilterCatalog has
      them (its PAINS are left out: rare, and thirteen times as costly).

    Args:
        vocabulary: turns tokens into SMILES.
        scorer: of `TermSet(TABLE_TERMS)`. It stays open.
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
        self._scorer = scorer
        self._training = None if training is None else training.cpu()
        self._reference = reference
        self._valid, self._novel = Proportion(), Proportion()
        self._means = {row: Mean() for row in MEANS}
        self._fragments, self._charged = Proportion(), Proportion()
        self._first: list[str] = []
        self._passed: list[bool] = []
        self._radicals: list[bool] = []
        self._prints = [fingerprints([])]
        self._scaffolds: Counter[str] = Counter()

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self.add(self._vocabulary.decode_batch(batch))

    def add(self, smiles: Sequence[str | None]) -> None:
        """Add SMILES; None: a sequence that never ended."""
        records = self._scorer.score(smiles).records
        self._valid.update(_bools(record.canonical is not None for record in records))
        valid = [record for record in records if record.canonical is not None]
        canonical = [record.canonical for record in valid if record.canonical is not None]
        if not canonical:
            return
        values = torch.tensor([record.values for record in valid], dtype=torch.float64)  # (B, K)
        for row, term in MEANS.items():
            column = values[:, list(TABLE_TERMS).index(term)]
            self._means[row].update(column[~column.isnan()])  # RDKit itself may fail for one
        self._fragments.update(_bools("." in text for text in canonical))
        self._charged.update(_bools(_CHARGED.search(text) is not None for text in canonical))
        if self._training is not None:
            self._novel.update(~_are_in(canonical, self._training))
        first = canonical[: max(MOST_COMPARED - len(self._first), 0)]
        self._first += first
        self._look_at(first)

    def result(self) -> dict[str, Estimate]:
        """Every row so far."""
        return {
            "valid": self._valid.estimate(),
            **{row: mean.estimate() for row, mean in self._means.items()},
            **{row: self._unique(count) for row, count in UNIQUE_AT.items()},
            "novel": self._novel.estimate(),
            **self._structures(),
            "fragments": self._fragments.estimate(),
            "charged": self._charged.estimate(),
        }

    def _look_at(self, canonical: Sequence[str]) -> None:
        """What takes the molecules themselves, while they are at hand."""
        known_ones = (known(text) for text in canonical)
        mols = [molecule.rdkit for molecule in known_ones if molecule is not None]
        catalog = unwanted_groups()
        self._passed += [not catalog.HasMatch(mol) for mol in mols]
        self._radicals += [Descriptors.NumRadicalElectrons(mol) > 0 for mol in mols]
        self._prints.append(fingerprints(mols))
        if self._reference is not None:
            self._scaffolds += _scaffolds(mols)

    def _structures(self) -> dict[str, Estimate]:
        prints = np.concatenate(self._prints)
        passed, radicals = Proportion(), Proportion()
        passed.update(_bools(self._passed))
        radicals.update(_bools(self._radicals))
        found = {
            "internal_diversity": internal_diversity(prints),
            "filters_passed": passed.estimate(),
            "radicals": radicals.estimate(),
        }
        if self._reference is not None:
            found |= likeness(Reference(prints, self._scaffolds), self._reference)
        return found

    def _unique(self, count: int) -> Estimate:
        if len(self._first) < count:
            return UNDEFINED
        return wilson(len(set(self._first[:count])) / count, count)


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
    reach = float(ndtri(UPPER_TAIL)) * 2 * float(own.std(ddof=1)) / math.sqrt(len(prints))
    return Estimate(value, max(value - reach, 0.0), min(value + reach, 1.0))


@lru_cache(maxsize=1)
def unwanted_groups() -> FilterCatalog:
    """The filters of Brenk et al. 2008 (https://doi.org/10.1002/cmdc.200700139)."""
    return FilterCatalog(FilterCatalogParams(FilterCatalogParams.FilterCatalogs.BRENK))


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
    return {
        "snn": snn.estimate(),
        "scaffold_similarity": Estimate(alike, -math.inf, math.inf),
    }


def _scaffolds(mols: Sequence[Chem.Mol]) -> Counter[str]:
    every = (ringed_scaffold(mol) for mol in mols)
    return Counter(one for one in every if one is not None)


def _are_in(canonical: Sequence[str], training: Tensor) -> Tensor:
    """(B,) bool: which are in the training data."""
    if len(training) == 0:
        return torch.zeros(len(canonical), dtype=torch.bool)
    hashes = torch.tensor([molecule_hash(text) for text in canonical], dtype=torch.int64)
    places = torch.searchsorted(training, hashes).clamp(max=len(training) - 1)
    return training[places] == hashes


def _bools(values: Iterable[bool]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.bool)
