"""Molecules to learn a prior from: read, checked, encoded, divided, kept on disk.

A million molecules are a few flat arrays of small integers, mapped from disk where there is a
cache; while they are read no Python object stays of a molecule but the hash that finds duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.corpus_cache import Arrays, load, save, survey
from sequence_tutor.molecule.corpus_reader import CorpusReader
from sequence_tutor.molecule.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.entry import ColumnError
from sequence_tutor.molecule.reading import molecule_files
from sequence_tutor.token_sequences import TokenSequences

KILOBYTE = 1024
SUMMARY = 1000
"""Kilobytes of progress that the summary after reading counts for: about as long as it takes."""


@dataclass(frozen=True)
class MoleculeCorpus:
    """Encoded molecules and what is known of them.

    Attributes:
        arrays: tokens, lengths, sides and hashes of the rows.
        facts: what the training data fixes, as a prior's card keeps it under `molecule`: the
            vocabulary, the shortest and longest molecule, the longest run of carbons (JSON).
        summary: one row a file and one for all.
        dropped: reason -> lines.
        skipped: (file and line, reason) of the first lines dropped.
        remarks: what else a user should know of the reading, in sentences.
    """

    arrays: Arrays
    facts: Mapping[str, Any]
    summary: Mapping[str, Mapping[str, float]]
    dropped: Mapping[str, int]
    skipped: Sequence[tuple[str, str]]
    remarks: Sequence[str] = ()

    def side(self, side: int) -> TokenSequences:
        """The molecules of one side of the division, each with its end token."""
        everything = TokenSequences.laid_out(
            torch.from_numpy(self.arrays.tokens), torch.from_numpy(self.arrays.lengths).long()
        )
        return everything.select(torch.from_numpy(self.arrays.sides == side))

    def hashes(self, side: int) -> torch.Tensor:
        """(M,) int64, sorted, each once: the hashes of one side's molecules."""
        return torch.from_numpy(np.unique(self.arrays.hashes[self.arrays.sides == side]))


def read_corpus(
    paths: Sequence[Path],
    settings: MoleculeDataSettings,
    cache: Path | None,
    progress: Callable[[int, int], None],
) -> MoleculeCorpus:
    """Read every molecule of files and folders.

    Args:
        paths: what to read.
        settings: how.
        cache: folder in which the encoded corpus is kept, by content and settings; None: nowhere.
        progress: called with the kilobytes read and those of all files, both with `SUMMARY` more.

    Raises:
        UserError: a path that cannot be used, or no molecule at all.
    """
    files = molecule_files(paths)
    place = cache / f"molecules-{survey(files, settings)}" if cache else None
    kept = load(place) if place else None
    if kept is None:
        arrays, description = _read(files, paths, settings, progress)
        if place is None:
            return MoleculeCorpus(arrays, **description)
        save(place, arrays, description)
        kept = load(place)
        assert kept is not None  # written a moment ago
    arrays, description = kept
    return MoleculeCorpus(arrays, **description)


def _read(
    files: Sequence[Path],
    paths: Sequence[Path],
    settings: MoleculeDataSettings,
    progress: Callable[[int, int], None],
) -> tuple[Arrays, dict[str, Any]]:
    reader = CorpusReader(settings)
    total = sum(file.stat().st_size for file in files)

    def report(before: int, read: int, summarised: float = 0.0) -> None:
        done = (before + read) // KILOBYTE + round(SUMMARY * summarised)
        progress(done, total // KILOBYTE + SUMMARY)

    before = 0
    for file in files:
        try:
            reader.read(file, partial(report, before))
        except ColumnError as error:
            if file in paths:  # named by the user, and not met in a folder
                raise
            reader.skip(file, str(error))
        before += file.stat().st_size
    if not reader.sources or not any(counts["kept"] for counts in reader.sources.values()):
        reasons = ", ".join(
            f"{reason} ({count})" for reason, count in reader.dropped.most_common(3)
        )
        raise UserError(
            f"{', '.join(map(str, paths))}: no molecule found"
            + (f"; dropped because: {reasons}" if reasons else ", expected SMILES or structures")
        )
    return reader.finish(partial(report, total, 0))
