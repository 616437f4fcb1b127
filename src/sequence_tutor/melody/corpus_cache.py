"""Encoded corpora kept on disk, keyed by the content of the files and by the settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.files import replacing, write_json
from sequence_tutor.melody.extraction import ExtractionSettings
from sequence_tutor.melody.sources import read_sources

# Raise it whenever reading or extraction changes, so that no stale cache is used.
CACHE_VERSION = 5

Rows = Sequence[Sequence[str]]
_COLUMNS = 3  # of both tables


def survey(paths: Sequence[Path], settings: ExtractionSettings) -> tuple[str, int]:
    """A hash of the settings and of every file's name and content, and the number of files.

    Raises:
        UserError: when a path does not exist or is of an unknown kind.
    """
    digest = hashlib.sha256(f"{CACHE_VERSION} {settings.model_dump_json()}".encode())
    files = 0
    for file in read_sources(paths):
        files += 1
        content = hashlib.sha256(file.data).hexdigest()
        digest.update(json.dumps([file.source, file.name, file.problem, content]).encode())
    return digest.hexdigest()[:24], files


def save(cache: Path, melodies: Sequence[NDArray[np.uint8]], rows: Rows, skipped: Rows) -> None:
    """Write `cache`.npz and `cache`.json, each atomically.

    Args:
        cache: path without a suffix.
        melodies: each (T,), of any lengths.
        rows: one of strings for each melody.
        skipped: any rows of strings.
    """
    lengths = np.array([len(tokens) for tokens in melodies], dtype=np.int64)
    with replacing(cache.with_suffix(".npz")) as beside:
        np.savez_compressed(beside, tokens=np.concatenate(melodies), lengths=lengths)
    # Written last: with it the cache is complete.
    write_json(cache.with_suffix(".json"), {"melodies": rows, "skipped": skipped})


def load(cache: Path) -> tuple[list[NDArray[np.uint8]], Rows, Rows] | None:
    """What `save` was given, or None where it is not there or damaged and must be made again."""
    try:
        rows = json.loads(cache.with_suffix(".json").read_text(encoding="utf-8"))
        with cache.with_suffix(".npz").open("rb") as stream:  # np.load leaks it when damaged
            arrays = np.load(stream, allow_pickle=False)
            tokens, lengths = arrays["tokens"], arrays["lengths"]
        if len(lengths) != len(rows["melodies"]) or lengths.sum() != len(tokens):
            return None
        if any(map(_is_no_row, (*rows["melodies"], *rows["skipped"]))):
            return None
        return np.split(tokens, np.cumsum(lengths)[:-1]), rows["melodies"], rows["skipped"]
    except Exception:  # whatever is wrong with it, the files themselves are there
        return None


def _is_no_row(row: object) -> bool:
    columns = row if isinstance(row, list) else []
    return len(columns) != _COLUMNS or not all(isinstance(text, str) for text in columns)
