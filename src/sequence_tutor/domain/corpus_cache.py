"""Corpora cached on disk, keyed by the content of the files and the settings.

FOLDER/tokens.npy    all rows concatenated; mapped into memory, never read as a whole
FOLDER/lengths.npy   one number a row, likewise sides.npy and hashes.npy
FOLDER/corpus.json   facts, summary, what was dropped; written last, so that it marks completeness
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.corpus import Corpus
from sequence_tutor.storage.files import replacing, write_json

_ARRAYS = {"tokens": np.int16, "lengths": np.int32, "sides": np.int8, "hashes": np.int64}
_DESCRIPTION = "corpus.json"
_DESCRIBED = ("facts", "summary", "dropped", "skipped", "remarks")


def fingerprint(version: str, settings: Settings, contents: Iterable[Sequence[str]]) -> str:
    """The key of a cached corpus: how it was read, and the names and hash of every file.

    `version` is that of the reading code, raised whenever its result changes.
    """
    digest = hashlib.sha256(f"{version} {settings.model_dump_json()}".encode())
    for content in contents:
        digest.update(json.dumps(content).encode())
    return digest.hexdigest()[:24]


def cached(folder: Path | None, read: Callable[[], Corpus]) -> Corpus:
    """The corpus in `folder`; if it is missing or damaged, read it and store it there.

    `folder` belongs to one fingerprint; None: nothing is stored.
    """
    kept = _load(folder) if folder else None
    if kept is not None:
        return kept
    corpus = read()
    if folder is None:
        return corpus
    for name in _ARRAYS:
        with replacing(folder / f"{name}.npy") as beside:
            np.save(beside, getattr(corpus, name))
    write_json(folder / _DESCRIPTION, {name: getattr(corpus, name) for name in _DESCRIBED})
    kept = _load(folder)
    assert kept is not None  # written a moment ago
    return kept


def _load(folder: Path) -> Corpus | None:
    """The arrays are mapped copy-on-write: the files never change."""
    try:
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c") for name in _ARRAYS}
        corpus = Corpus(**arrays, **{name: described[name] for name in _DESCRIBED})
    except Exception:  # damaged in any way: it is read again
        return None
    rows = {len(corpus.lengths), len(corpus.sides), len(corpus.hashes)}
    right = all(array.dtype == _ARRAYS[name] for name, array in arrays.items())
    whole = right and len(rows) == 1 and int(corpus.lengths.sum()) == len(corpus.tokens)
    return corpus if whole else None
