"""The training data of a prior: molecules are read one by one, checked, encoded and divided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import heappush, heappushpop
from pathlib import Path

import numpy as np
from rdkit import Chem, rdBase

from sequence_tutor.domain import Progress
from sequence_tutor.domain.corpus import ALL, Corpus, Intake, Numbers
from sequence_tutor.domain.corpus_cache import cached, fingerprint
from sequence_tutor.domain.reading_progress import KILOBYTE, by_kilobytes
from sequence_tutor.molecule.chemistry import (
    PROPERTIES,
    canonical_smiles,
    known,
    longest_carbon_run,
    molecule_hash,
    parse,
)
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.reading.entry import Choice, ColumnError, Entry, standardised
from sequence_tutor.molecule.reading.molecules import molecule_files, open_molecules
from sequence_tutor.molecule.tokens import Vocabulary, element_of, split_smiles
from sequence_tutor.storage.files import file_digest

CACHE_VERSION = 3  # raise it whenever reading or encoding changes

QUANTILES = (0.5, 0.9, 0.99, 0.999, 0.9999)

SUMMARY = 1000
"""Kilobytes of progress that the summary after reading counts as; it takes about as long."""
SUMMARISED = 10_000
"""Molecules whose properties are computed for the summary: those with the lowest hashes."""
MOST_REASONS, LONGEST_REASON = 200, 80
"""Distinct reasons that are counted, and characters of a reason that quotes the input."""

MOST_REMARKS = 20

_REPORTED = 2000  # lines between two reports of progress
_SUMMARISED = 100  # molecules of the summary between two reports, some milliseconds each


def read_corpus(
    paths: Sequence[Path], settings: MoleculeDataSettings, cache: Path | None, progress: Progress
) -> Corpus:
    """Read every molecule of files and folders; rows of one molecule share its hash.

    Args:
        paths: files and folders.
        settings: how they are read.
        cache: folder for the encoded corpus, by content and settings; None: no cache.
        progress: called with the kilobytes read and those of all files; the summary counts too.

    Raises:
        UserError: a path that cannot be used, or no molecule at all.
    """
    files = molecule_files(paths)

    def read() -> Corpus:
        reader = _Reader(settings)
        total = sum(file.stat().st_size for file in files) // KILOBYTE + SUMMARY
        for file, report in by_kilobytes(files, progress, SUMMARY):
            try:
                reader.read(file, report)
            except ColumnError as error:
                if file in paths:  # named by the user, not found in a folder
                    raise
                reader.skip(file, str(error))
        missing = ", expected SMILES or structures"
        reader.intake.require(paths, "no molecule found", missing)
        return reader.finish(
            lambda share: progress(total - SUMMARY + round(SUMMARY * share), total)
        )

    contents = ((file.name, file_digest(file)) for file in files)
    known = fingerprint(f"{CACHE_VERSION} {rdBase.rdkitVersion}", settings, contents)
    return cached(cache / f"molecules-{known}" if cache else None, read)


class _Reader:
    """Takes the molecules that the settings allow."""

    def __init__(self, settings: MoleculeDataSettings) -> None:
        self.settings = settings
        self.intake = Intake()
        self.numbers = Numbers(settings.known_tokens())
        self._remarks: list[str] = []
        self._standardised = 0  # molecules that standardisation has changed
        self._choice = Choice(settings.column, settings.standardise, self._remarks.append)
        self._seen: set[int] = set()
        self._sizes: Counter[int] = Counter()  # tokens of each molecule
        self._runs: Counter[int] = Counter()  # their longest runs of carbon
        self._lowest: list[tuple[int, str, str]] = []  # -hash, source, SMILES: a heap
        self._strange: dict[str, str] = {}  # atom-wise token -> its element, "" if allowed

    def read(self, file: Path, report: Callable[[int], None]) -> None:
        """Take every molecule of a file; may raise `ColumnError`."""
        counts = self.intake.counts(file.name)
        with open_molecules(file, self._choice) as (entries, raw):
            for number, entry in enumerate(entries, start=1):
                reason = self._take(entry, file.name)
                counts["read"] += 1
                counts["dropped" if reason else "kept"] += 1
                if reason:
                    self.intake.drop(f"{file.name} {entry.where}", reason)
                if number % _REPORTED == 0:
                    report(raw.tell())

    def skip(self, file: Path, reason: str) -> None:
        """Count a file that cannot be read as one dropped line."""
        self.intake.counts(file.name).update(read=1, dropped=1)
        self.intake.drop(file.name, reason.removeprefix(f"{file} "))

    def finish(self, report: Callable[[float], None]) -> Corpus:
        """The corpus; `report` is called with the finished share of its summary."""
        settings = self.settings
        vocabulary = Vocabulary.of_tokens(self.numbers.of_piece, settings.tokeniser)
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
        remarks = self._remarks[:MOST_REMARKS]
        if self._standardised:
            charges = ", charges and isotopes" * (settings.standardise == "parent")
            remarks.append(
                f"{self._standardised:,} of the molecules are kept without counter-ions and "
                f"solvents{charges} (data.standardise is {settings.standardise!r})"
            )
        return self.intake.finish(
            settings.validation,
            settings.test,
            facts,
            self._summary(report),
            self.numbers.renumbered(vocabulary.tokens),
            remarks,
        )

    def _take(self, entry: Entry, source: str) -> str:
        """Take a molecule, or return the reason why not."""
        if entry.problem:
            return entry.problem
        settings = self.settings
        smiles = standardised(entry.smiles, settings.standardise)
        pieces = split_smiles(smiles, settings.tokeniser)
        if len(pieces) > settings.longest:
            return "too long"
        molecule = parse(smiles) if settings.parses else None
        if molecule is None and settings.parses:
            return "unparsable"
        if element := self._strange_element(smiles):
            return self._named(f"element {element}, which data.elements lacks", "unknown elements")
        if token := self.numbers.strange(pieces):
            lacks = "a token that the vocabulary lacks"
            return self._named(f"token {token!r}, which the vocabulary lacks", lacks)
        name = molecule_hash(canonical_smiles(molecule) if molecule is not None else smiles)
        if name in self._seen:
            return "duplicate"
        self._seen.add(name)
        self._standardised += smiles != entry.smiles
        place = self._place(name)
        self.intake.take(self.numbers(pieces), place, name)
        self._sizes[len(pieces)] += 1
        self._runs[longest_carbon_run(smiles)] += 1
        self._keep_lowest((-name, source, smiles))
        # for training, unless there are so few molecules that sides are moved
        if (
            molecule is not None
            and settings.augment
            and place >= settings.validation + settings.test
        ):
            self._take_spellings(molecule, smiles, place, name)
        return ""

    def _keep_lowest(self, entry: tuple[int, str, str]) -> None:
        if len(self._lowest) < SUMMARISED:
            heappush(self._lowest, entry)
        elif entry > self._lowest[0]:
            heappushpop(self._lowest, entry)

    def _take_spellings(self, molecule: Chem.Mol, smiles: str, place: float, name: int) -> None:
        """Take random SMILES of a molecule, other than its own, as rows of the same side."""
        seed = (name ^ self.settings.split_seed) & 0x7FFFFFFF
        spellings = Chem.MolToRandomSmilesVect(molecule, self.settings.augment, randomSeed=seed)
        for spelling in dict.fromkeys(spellings):
            pieces = split_smiles(spelling, self.settings.tokeniser)
            fits = len(pieces) <= self.settings.longest and not self.numbers.strange(pieces)
            if spelling != smiles and fits:
                self.intake.take(self.numbers(pieces), place, name)

    def _named(self, reason: str, others: str) -> str:
        """A reason that quotes the data, or a general one once there are very many of them."""
        dropped = self.intake.dropped
        is_known = reason in dropped or len(dropped) < MOST_REASONS
        return reason if len(reason) <= LONGEST_REASON and is_known else others

    def _place(self, name: int) -> float:
        """The position in [0, 1) that decides the side, by the molecule and the seed only."""
        return molecule_hash(f"{self.settings.split_seed}:{name}") / 2**64 + 0.5

    def _strange_element(self, smiles: str) -> str:
        """The first element that is not allowed; empty if there is none."""
        for token in split_smiles(smiles):
            if token not in self._strange:
                element = element_of(token)
                is_allowed = element in (None, *self.settings.elements)
                self._strange[token] = "" if is_allowed else str(element)
            if self._strange[token]:
                return self._strange[token]
        return ""

    def _summary(self, report: Callable[[float], None]) -> dict[str, dict[str, float]]:
        """Counts of each source and of all, and mean properties of a sample of the molecules."""
        sources = self.intake.sources
        values: dict[str, list[tuple[float, ...]]] = {name: [] for name in sources}
        for number, (_, source, smiles) in enumerate(sorted(self._lowest), start=1):
            molecule = known(smiles)
            if molecule is not None:
                values[source].append(molecule.properties)
            if number % _SUMMARISED == 0:
                report(number / len(self._lowest))
        report(1.0)
        everything = [row for rows in values.values() for row in rows]
        return {
            **{name: _row(counts, values[name]) for name, counts in sources.items()},
            ALL: _row(sum(sources.values(), Counter()), everything),
        }


def _row(counts: Mapping[str, int], sample: list[tuple[float, ...]]) -> dict[str, float]:
    """A row of the summary; a mean of nothing is 0, because JSON has no NaN."""
    means = np.mean(sample, axis=0).tolist() if sample else [0.0] * len(PROPERTIES)
    named = dict(zip(PROPERTIES, means, strict=True))
    return {name: counts[name] for name in ("read", "kept", "dropped")} | named


def _quantiles(counts: Counter[int]) -> dict[str, int]:
    """Share -> the least number that this share of the molecules does not exceed."""
    values = np.array(sorted(counts))
    shares = np.cumsum([counts[value] for value in values.tolist()]) / counts.total()
    return {str(share): int(values[np.searchsorted(shares, share)]) for share in QUANTILES}
