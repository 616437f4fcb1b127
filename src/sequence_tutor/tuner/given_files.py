"""Files of sequences that `tune` is given to begin with or to go on from, and how they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Beginning, Domain
from sequence_tutor.errors import UserError


def check_read(
    column: str | None, standardise: str | None, seeds: object, prime: Path | None
) -> None:
    """Refuse to be told how to read files where there is none to read.

    Raises:
        UserError: it names the option.
    """
    if column is not None and seeds is None and prime is None:
        raise UserError(
            f"--column {column}: there is no file to read, expected it with --seeds or --prime"
        )
    if standardise is not None and seeds is None:
        raise UserError(
            f"--standardise {standardise}: there are no molecules to read, expected it with --seeds"
        )


def beginning_of(domain: Domain, prime: Path | None, output: Settings, length: int) -> Beginning:
    """The tokens of a file that every sequence begins with.

    Raises:
        UserError: they leave nothing to write.
    """
    if prime is None:
        return Beginning((), output)
    begun = domain.begin(prime, output)
    tokens = begun.tokens
    if not 1 <= len(tokens) < length:
        raise UserError(
            f"{prime}: {len(tokens)} tokens to begin with, expected 1 to {length - 1}, fewer than "
            "the length"
        )
    return begun


def digest_of(
    path: Path | Sequence[Sequence[int]] | None, what: str, *read_by: str | None
) -> str | None:
    """SHA-256 of a file, with the choices that it is read by, or of lists of tokens; or None."""
    if path is None:
        return None
    if not isinstance(path, Path):
        return hashlib.sha256(
            json.dumps([list(map(int, row)) for row in path]).encode()
        ).hexdigest()
    if not path.is_file():
        raise UserError(f"{path}: there is no such file of {what}")
    digest = hashlib.sha256(path.read_bytes())
    if any(read_by):  # else it is that of the file
        digest.update(repr(read_by).encode())
    return digest.hexdigest()
