"""The rows of Table 2 and those beside it, molecule by molecule.

Source of the former: Jaques et al., Sequence Tutor (arXiv:1611.02796), Table 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import torch
from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams
from torch import Tensor

from sequence_tutor.domain.fingerprints import are_known
from sequence_tutor.domain.rows import SHARE, SHARE_OF_TRAINING, Counts, RowRange, having, numbers
from sequence_tutor.molecule.asked_rows import AskedRow, asked_rows
from sequence_tutor.molecule.chemistry import known, molecule_hash
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.terms import SA, LogP, MoleculeTerm, Qed, Ring, TermSet
from sequence_tutor.sequences import SequenceBatch

TABLE_TERMS: dict[str, MoleculeTerm] = {"logp": LogP(), "qed": Qed(), "sa": SA(), "ring": Ring()}
"""What the scorer of the tables computes."""

MEANS: dict[str, tuple[str, RowRange]] = {
    "mean_logp": ("logp", RowRange()),
    "mean_qed": ("qed", RowRange(0.0, 1.0)),
    "mean_sa_penalty": ("sa", RowRange(-10.0, -1.0)),
    "mean_ring_penalty": ("ring", RowRange(high=0.0)),
}
"""Row -> the term whose raw number it is the mean of, and what it can be."""

_CHARGED = re.compile(r"\[[^\]]*[+-]\d*(?::\d+)?\]")  # what a charge is written as


class Decodes(Protocol):
    """What rows need of a vocabulary."""

    def decode_batch(self, batch: SequenceBatch) -> list[str | None]:
        """The SMILES of each row; None where it did not end."""


class MoleculeRows:
    """Counts the rows of molecules. Satisfies `domain.rows.Rows`.

    - `valid`: share of molecules among the sequences. All that follows is of the valid ones.
    - `mean_logp`, `mean_qed`, `mean_sa_penalty` (minus the SA score), `mean_ring_penalty`.
    - `novel`: share that is not in the training data, where that is known.
    - `fragments`: share of several parts, `charged`: share with a charge on any atom (a nitro
      group has two).
    - `filters_passed`, `radicals`: shares without any of the 105 unwanted groups of Brenk et al.
      2008 as RDKit's FilterCatalog has them (its PAINS are left out: rare, and thirteen times as
      costly), and with an unpaired electron.
    - `rings`, `heavy_atoms`: means.
    - those of `asked_rows` that are named.

    Args:
        vocabulary: turns tokens into SMILES.
        scorer: of the `terms` of the same names.
        training: sorted `molecule_hash` of the training data, or None.
        names: of the rows wanted; None: those of the tables.
    """

    def __init__(
        self,
        vocabulary: Decodes,
        scorer: Scorer,
        training: Tensor | None = None,
        names: Collection[str] | None = None,
    ) -> None:
        self._vocabulary, self._scorer = vocabulary, scorer
        self._training = None if training is None else training.cpu()
        self._names = names
        self._asked = wanted_rows(names)
        self._columns = {
            name: column for column, name in enumerate(_terms_of(self._asked))
        }  # of a record's values

    @staticmethod
    def terms(names: Collection[str] | None = None) -> TermSet:
        """What the scorer has to compute for some rows; None: for those of the tables.

        Raises:
            UserError: see `asked_rows`.
        """
        return TermSet(_terms_of(wanted_rows(names)))

    def ranges(self) -> Mapping[str, RowRange]:
        """Those of the tables first."""
        rows: dict[str, RowRange] = {
            "valid": SHARE,
            **{row: range_ for row, (_, range_) in MEANS.items()},
            **({} if self._training is None else {"novel": SHARE_OF_TRAINING}),
            **{row: range_ for row, (range_, _) in STRUCTURE.items()},
            "fragments": SHARE,
            "charged": SHARE,
        }
        wanted = {name: one for name, one in rows.items() if self._wants(name)}
        return {**wanted, **{name: row.range for name, row in self._asked.items()}}

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """What each row counts in B sequences."""
        counts, canonical = self.count_smiles(self._vocabulary.decode_batch(batch))
        counts |= self.count_structures(canonical)
        device = batch.tokens.device
        return {
            name: Counts(one.numerators.to(device), one.denominators.to(device))
            for name, one in counts.items()
            if name in self._asked or self._wants(name)
        }

    def count_smiles(
        self, smiles: Sequence[str | None]
    ) -> tuple[dict[str, Counts], list[str | None]]:
        """What needs no look at the molecule's graph but what the scorer takes.

        Args:
            smiles: B strings; None: a sequence that never ended.

        Returns:
            The counts, and each canonical SMILES, None where there is no molecule.
        """
        records = self._scorer.score(smiles).records
        canonical = [record.canonical for record in records]
        valid = _bools(text is not None for text in canonical)
        written = [text or "" for text in canonical]
        values = torch.tensor([record.values for record in records], dtype=torch.float64)  # (B, K)
        found = {
            "valid": having(valid),
            "fragments": having(_bools("." in text for text in written), valid),
            "charged": having(_bools(_CHARGED.search(text) is not None for text in written), valid),
            **{
                row: numbers(values[:, self._columns[term]])
                for row, (term, _) in MEANS.items()
                if term in self._columns
            },
            **{
                name: row.count(values[:, self._columns[name]]) for name, row in self._asked.items()
            },
        }
        if self._training is not None and self._wants("novel"):
            found["novel"] = having(~_are_in(written, self._training), valid)
        return found, canonical

    def count_structures(self, canonical: Sequence[str | None]) -> dict[str, Counts]:
        """The rows of `STRUCTURE` that are wanted, of canonical SMILES."""
        wanted = {name: one for name, one in STRUCTURE.items() if self._wants(name)}
        if not wanted:
            return {}
        molecules = [None if text is None else known(text) for text in canonical]
        found = {}
        for name, (range_, of) in wanted.items():
            values = torch.tensor(
                [torch.nan if one is None else of(one.rdkit) for one in molecules],
                dtype=torch.float64,
            )
            is_share = range_.kind == "share"
            found[name] = having(values > 0, ~values.isnan()) if is_share else numbers(values)
        return found

    def _wants(self, name: str) -> bool:
        return self._names is None or name in self._names


class TermRows:
    """The means of the numbers that a reward's terms are made of. Satisfies `domain.rows.Rows`.

    - `mean_NAME`: of a term's own number, before any transform; `mean_NAME_score`: after it. Both
      are means over the molecules that have such a number.

    Args:
        reward: of molecules.
        names: of the rows wanted; None: all.
    """

    def __init__(self, reward: MoleculeReward, names: Collection[str] | None = None) -> None:
        self._reward = reward
        every = (*reward.term_names, *(f"{name}_score" for name in reward.transformed))
        rows = {f"mean_{name}": name for name in every if name != "valid"}
        self._rows = {row: name for row, name in rows.items() if names is None or row in names}

    def ranges(self) -> Mapping[str, RowRange]:
        """Anything."""
        return dict.fromkeys(self._rows, RowRange(of_reward=True))

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """What each row counts."""
        if not self._rows:
            return {}
        device, explained = batch.tokens.device, self._reward.explain(batch)
        return {row: numbers(explained[name].to(device)) for row, name in self._rows.items()}


def wanted_rows(names: Collection[str] | None) -> dict[str, AskedRow]:
    """Those that no table has.

    Raises:
        UserError: see `asked_rows`.
    """
    return (
        {}
        if names is None
        else asked_rows([name for name in names if name not in MEANS], TABLE_TERMS)
    )


def _terms_of(asked: Mapping[str, AskedRow]) -> dict[str, MoleculeTerm]:
    return {**TABLE_TERMS, **{name: row.term for name, row in asked.items()}}


@lru_cache(maxsize=1)
def unwanted_groups() -> FilterCatalog:
    """The filters of Brenk et al. 2008 (https://doi.org/10.1002/cmdc.200700139)."""
    return FilterCatalog(FilterCatalogParams(FilterCatalogParams.FilterCatalogs.BRENK))


def _passes(mol: Chem.Mol) -> float:
    return float(not unwanted_groups().HasMatch(mol))


def _is_radical(mol: Chem.Mol) -> float:
    return float(Descriptors.NumRadicalElectrons(mol) > 0)


def _rings(mol: Chem.Mol) -> float:
    return float(rdMolDescriptors.CalcNumRings(mol))


def _heavy_atoms(mol: Chem.Mol) -> float:
    return float(mol.GetNumHeavyAtoms())


STRUCTURE: dict[str, tuple[RowRange, Callable[[Chem.Mol], float]]] = {
    "filters_passed": (SHARE, _passes),
    "radicals": (SHARE, _is_radical),
    "rings": (RowRange(low=0.0), _rings),
    "heavy_atoms": (RowRange(low=1.0), _heavy_atoms),
}
"""Rows that take the molecule itself -> what they can be, and its number."""


def _are_in(canonical: Sequence[str], training: Tensor) -> Tensor:
    """(B,) bool: which are in the training data."""
    hashes = torch.tensor([molecule_hash(text) for text in canonical], dtype=torch.int64)
    return are_known(hashes, training)


def _bools(values: Iterable[bool]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.bool)
