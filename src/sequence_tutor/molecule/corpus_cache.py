"""Encoded molecules kept on disk, keyed by the content of the files and by the settings.

FOLDER/tokens.npy    all rows, one after the other; mapped into memory, never read as a whole
FOLDER/lengths.npy   one number a row, likewise sides.npy and hashes.npy
FOLDER/corpus.json   vocabulary, summary, what was dropped; written last: with it all is there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import rdBase

from sequence_tutor.config.settings import Settings
from sequence_tutor.files import replacing, write_json

# Raise it whenever reading or encoding changes, so that no stale cache is used.
CACHE_VERSION = 3

_DESCRIPTION = "corpus.json"
_FACTS = {"facts", "summary", "dropped", "skipped"}


@dataclass(frozen=True)
class Arrays:
    """Encoded rows.

    Attributes:
        tokens: (N,) int16, rows laid end to end, each with its end token.
        lengths: (S,) int32.
        sides: (S,) int8 side of the division of each row.
        hashes: (S,) int64 hash of each row's molecule; spellings of one molecule share it.
    """

    tokens: NDArray[np.int16]
    lengths: NDArray[np.int32]
    sides: NDArray[np.int8]
    hashes: NDArray[np.int64]


def survey(files: Sequence[Path], settings: Settings) -> str:
    """A hash of the settings, of RDKit's version, and of every file's name and content."""
    version = f"{CACHE_VERSION} {rdBase.rdkitVersion}"
    digest = hashlib.sha256(f"{version} {settings.model_dump_json()}".encode())
    for file in files:
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(json.dumps([file.name, content]).encode())
    return digest.hexdigest()[:24]


def save(folder: Path, arrays: Arrays, description: dict[str, Any]) -> None:
    """Write the arrays and the description (JSON, hence `Any`), each file atomically."""
    for name, array in vars(arrays).items():
        with replacing(folder / f"{name}.npy") as beside:
            np.save(beside, array)
    write_json(folder / _DESCRIPTION, description)


def load(folder: Path) -> tuple[Arrays, dict[str, Any]] | None:
    """What `save` was given, or None where it is not there or damaged and must be made again.

    The arrays are mapped copy-on-write: the files never change.
    """
    try:
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        arrays = Arrays(
            *(np.load(folder / f"{field.name}.npy", mmap_mode="c") for field in fields(Arrays))
        )
    except Exception:  # whatever is wrong with it, the files themselves are there
        return None
    if not isinstance(description, dict) or not description.keys() >= _FACTS:
        return None
    rows = {len(arrays.lengths), len(arrays.sides), len(arrays.hashes)}
    whole = len(rows) == 1 and int(arrays.lengths.sum()) == len(arrays.tokens)
    return (arrays, description) if whole else None
