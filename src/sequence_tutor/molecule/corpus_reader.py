"""From lines of files to encoded molecules, one at a time, with the reason for each one dropped."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem

from sequence_tutor.division import divide
from sequence_tutor.molecule.chemistry import Molecule, canonical_smiles, longest_carbon_run, parse
from sequence_tutor.molecule.choice import Choice
from sequence_tutor.molecule.corpus_cache import Arrays
from sequence_tutor.molecule.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.entry import Entry
from sequence_tutor.molecule.reading import open_molecules
from sequence_tutor.molecule.standardise import standardised
from sequence_tutor.molecule.tokens import Vocabulary, element_of, split_smiles

PROPERTIES = ("logp", "qed", "sa")
QUANTILES = (0.5, 0.9, 0.99, 0.999, 0.9999)

SUMMARISED = 10_000
"""Molecules whose properties are computed for the summary: those with the lowest hashes."""
LISTED = 10_000
"""Lines without a molecule that are listed one by one; all of them are counted."""
MOST_REASONS, LONGEST_REASON = 200, 80
"""Reasons told apart, and characters of one that quotes what was read."""

MOST_REMARKS = 20

_REPORTED = 2000  # lines between two reports of progress
_SUMMARISED = 100  # molecules of the summary between two, each of which takes some milliseconds
_END = 0  # stands for the end token until the vocabulary is known


class CorpusReader:
    """Gathers the molecules of files in flat arrays.

    Args:
        settings: which molecules are kept, and how they are cut.
    """

    def __init__(self, settings: MoleculeDataSettings) -> None:
        self.settings = settings
        self.remarks: list[str] = []
        self.standardised = 0  # molecules kept that are not as they were written
        self._choice = Choice(settings.column, settings.standardise, self.remarks.append)
        self.dropped: Counter[str] = Counter()
        self.skipped: list[tuple[str, str]] = []
        self.sources: dict[str, Counter[str]] = {}
        self._tokens, self._lengths = array("h"), array("i")
        self._places, self._hashes = array("d"), array("q")
        self._seen: set[int] = set()
        self._sizes: Counter[int] = Counter()  # tokens of the molecules as given
        self._runs: Counter[int] = Counter()  # their longest runs of carbon
        self._lowest: list[tuple[int, str, str]] = []  # -hash, source, SMILES: a heap
        self._allowed: dict[str, str] = {}  # atom-wise token -> its element if not allowed
        known = settings.known_tokens()
        self._closed = bool(known)  # whether no other token may come
        self._numbers = {token: number for number, token in enumerate(known, start=1)}

    def read(self, file: Path, report: Callable[[int], None]) -> None:
        """Take every molecule of a file.

        Args:
            file: the file.
            report: called now and then with the bytes read.

        Raises:
            ColumnError: a table without a column of SMILES.
        """
        source = self.sources.setdefault(file.name, Counter())
        with open_molecules(file, self._choice) as (entries, raw):
            for number, entry in enumerate(entries, start=1):
                reason = self._take(entry, file.name)
                source["read"] += 1
                source["dropped" if reason else "kept"] += 1
                if reason:
                    self._drop(f"{file.name} {entry.where}", reason)
                if number % _REPORTED == 0:
                    report(raw.tell())
        report(file.stat().st_size)

    def skip(self, file: Path, reason: str) -> None:
        """Count a file that cannot be read at all as one line of it, dropped."""
        self.sources.setdefault(file.name, Counter()).update(read=1, dropped=1)
        self._drop(file.name, reason.removeprefix(f"{file} "))

    def finish(self, report: Callable[[float], None]) -> tuple[Arrays, dict[str, Any]]:
        """The arrays, and the description of them that `MoleculeCorpus` is made of.

        Args:
            report: called now and then with the share of the summary that is made.
        """
        vocabulary = Vocabulary.of_tokens(self._numbers, self.settings.tokeniser)
        final = np.empty(vocabulary.size, dtype=np.int16)
        final[_END] = vocabulary.end_token
        for token, number in self._numbers.items():
            final[number] = vocabulary.numbers[token]
        arrays = Arrays(
            final[np.frombuffer(self._tokens, dtype=np.int16)],
            np.frombuffer(self._lengths, dtype=np.int32),
            divide(np.frombuffer(self._places), self.settings.validation, self.settings.test),
            np.frombuffer(self._hashes, dtype=np.int64),
        )
        facts = {
            "tokeniser": vocabulary.tokeniser,
            "tokens": list(vocabulary.tokens),
            "shortest": min(self._sizes),
            "longest": max(self._sizes),
            "longest_carbon_run": max(self._runs),
            "length_quantiles": _quantiles(self._sizes),
            "carbon_run_quantiles": _quantiles(self._runs),
            "molecules": sum(self._sizes.values()),
        }
        return arrays, {
            "facts": facts,
            "summary": self._summary(report),
            "dropped": dict(self.dropped.most_common()),
            "skipped": self.skipped,
            "remarks": [*self.remarks[:MOST_REMARKS], *self._standardised()],
        }

    def _standardised(self) -> list[str]:
        """How many molecules are not kept as they are written."""
        if not self.standardised:
            return []
        how = self.settings.standardise
        without = "counter-ions and solvents" + (", charges and isotopes" * (how == "parent"))
        return [
            f"{self.standardised:,} of the molecules are kept without {without} "
            f"(data.standardise is {how!r})"
        ]

    def _take(self, entry: Entry, source: str) -> str:
        """Keep a molecule, or say why not."""
        if entry.problem:
            return entry.problem
        settings = self.settings
        smiles = standardised(entry.smiles, settings.standardise)
        pieces = split_smiles(smiles, settings.tokeniser)
        if len(pieces) > settings.longest:
            return "too long"
        molecule = parse(smiles) if settings.check or settings.augment else None
        if molecule is None and (settings.check or settings.augment):
            return "unparsable"
        if element := self._strange_element(smiles):
            return self._named(f"element {element}, which data.elements lacks", "unknown elements")
        if token := self._strange_token(pieces):
            lacks = "a token that the vocabulary lacks"
            return self._named(f"token {token!r}, which the vocabulary lacks", lacks)
        name = molecule_hash(canonical_smiles(molecule) if molecule is not None else smiles)
        if name in self._seen:
            return "duplicate"
        self._seen.add(name)
        self.standardised += smiles != entry.smiles
        self._keep(smiles, pieces, name, source)
        if molecule is not None and settings.augment and self._is_learned(name):
            self._keep_spellings(molecule, smiles, name)
        return ""

    def _keep(self, smiles: str, pieces: list[str], name: int, source: str) -> None:
        self._append(pieces, name)
        self._sizes[len(pieces)] += 1
        self._runs[longest_carbon_run(smiles)] += 1
        entry = (-name, source, smiles)
        if len(self._lowest) < SUMMARISED:
            heappush(self._lowest, entry)
        elif entry > self._lowest[0]:
            heappushpop(self._lowest, entry)

    def _keep_spellings(self, molecule: Chem.Mol, smiles: str, name: int) -> None:
        """Random spellings of a molecule, other than its own, as further rows of its side."""
        seed = (name ^ self.settings.split_seed) & 0x7FFFFFFF
        spellings = Chem.MolToRandomSmilesVect(molecule, self.settings.augment, randomSeed=seed)
        for spelling in dict.fromkeys(spellings):
            pieces = split_smiles(spelling, self.settings.tokeniser)
            fits = len(pieces) <= self.settings.longest and not self._strange_token(pieces)
            if spelling != smiles and fits:
                self._append(pieces, name)

    def _strange_token(self, pieces: list[str]) -> str:
        """The first token that the vocabulary has not, and may not take; empty: there is none."""
        if not self._closed:
            return ""
        return next((piece for piece in pieces if piece not in self._numbers), "")

    def _named(self, reason: str, others: str) -> str:
        """A reason that quotes the data, or a general one once there are very many of them."""
        is_short = len(reason) <= LONGEST_REASON
        is_known = reason in self.dropped or len(self.dropped) < MOST_REASONS
        return reason if is_short and is_known else others

    def _append(self, pieces: list[str], name: int) -> None:
        numbers = self._numbers
        self._tokens.extend([numbers.setdefault(piece, len(numbers) + 1) for piece in pieces])
        self._tokens.append(_END)
        self._lengths.append(len(pieces) + 1)
        self._places.append(self._place(name))
        self._hashes.append(name)

    def _place(self, name: int) -> float:
        """What decides the side of the division, in [0, 1): of molecule and seed alone."""
        return molecule_hash(f"{self.settings.split_seed}:{name}") / 2**64 + 0.5

    def _is_learned(self, name: int) -> bool:
        """Whether a molecule is for training, unless so few are read that sides are moved."""
        return self._place(name) >= self.settings.validation + self.settings.test

    def _strange_element(self, smiles: str) -> str:
        """The first element that is not allowed; empty: there is none."""
        for token in split_smiles(smiles):
            if token not in self._allowed:
                element = element_of(token)
                is_allowed = element in (None, *self.settings.elements)
                self._allowed[token] = "" if is_allowed else str(element)
            if self._allowed[token]:
                return self._allowed[token]
        return ""

    def _drop(self, place: str, reason: str) -> None:
        self.dropped[reason] += 1
        if len(self.skipped) < LISTED:
            self.skipped.append((place, reason))

    def _summary(self, report: Callable[[float], None]) -> dict[str, dict[str, float]]:
        """Counts of each source and of all, and mean properties of a sample of what was kept."""
        values: dict[str, list[tuple[float, ...]]] = {name: [] for name in self.sources}
        for number, (_, source, smiles) in enumerate(sorted(self._lowest), start=1):
            molecule = parse(smiles)
            if molecule is not None:
                values[source].append(properties(molecule))
            if number % _SUMMARISED == 0:
                report(number / len(self._lowest))
        report(1.0)
        everything = sum(self.sources.values(), Counter())
        rows = {
            **{name: (counts, values[name]) for name, counts in self.sources.items()},
            "all": (everything, [row for rows in values.values() for row in rows]),
        }
        return {name: _row(counts, sample) for name, (counts, sample) in rows.items()}


def molecule_hash(canonical: str) -> int:
    """A signed 64-bit number of a canonical SMILES, the same on every machine."""
    digest = hashlib.blake2b(canonical.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def properties(molecule: Chem.Mol) -> tuple[float, ...]:
    """The `PROPERTIES` of a molecule; SA as a penalty, -1 easy to -10."""
    asked = Molecule(molecule)
    return asked.logp, asked.qed, asked.sa


def _row(counts: Mapping[str, int], sample: list[tuple[float, ...]]) -> dict[str, float]:
    """A row of the summary; a mean of nothing is 0, for JSON has no other word."""
    means = np.mean(sample, axis=0).tolist() if sample else [0.0] * len(PROPERTIES)
    named = dict(zip(PROPERTIES, means, strict=True))
    return {name: counts[name] for name in ("read", "kept", "dropped")} | named


def _quantiles(counts: Counter[int]) -> dict[str, int]:
    """Share -> the least number that so large a share of the molecules does not exceed."""
    values = np.array(sorted(counts))
    shares = np.cumsum([counts[value] for value in values.tolist()]) / counts.total()
    return {str(share): int(values[np.searchsorted(shares, share)]) for share in QUANTILES}
