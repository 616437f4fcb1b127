"""The file of a model: read once, compared with its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms.models import ModelTerm

LARGEST = 1 << 31
"""Bytes of a model."""

_DIGITS = 12  # of a digest in a message


def read_model(name: str, term: ModelTerm) -> bytes:
    """The content of a term's model.

    Raises:
        UserError: it is not there, too large, or another file than the settings recorded.
    """
    path = Path(term.model)
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UserError(
                f"term {name!r}: {path} has {size:,} bytes, expected a model of at most {LARGEST:,}"
            )
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"term {name!r}: {path} cannot be read ({error.strerror}), expected the model"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if term.digest and digest != term.digest.lower():
        raise UserError(
            f"term {name!r}: {path} has the SHA-256 {digest[:_DIGITS]}..., expected "
            f"{term.digest[:_DIGITS]}..., that of the model that these settings were made with"
        )
    return content
