"""Priors that live elsewhere: in a user's Python file, or as a Hugging Face model.

A run keeps no copy of them, only where they are and what tells that they are still the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.prior.hugging_face_files import MARK, open_model, settings_of
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.prior.user_file import read_prior_file


@dataclass(frozen=True)
class Elsewhere:
    """Where a prior comes from.

    Attributes:
        place: path of a Python file, or what names a Hugging Face model.
        digest: SHA-256 of the file, or of the model's weights and settings.
    """

    place: str
    digest: str

    def to_json(self) -> dict[str, str]:
        """As plain JSON."""
        return vars(self).copy()


@dataclass(frozen=True)
class FoundElsewhere:
    """A prior from elsewhere.

    Attributes:
        prior: the prior.
        elsewhere: where it comes from.
        domain: that it names, or None.
        card: what it says of its vocabulary.
    """

    prior: Prior
    elsewhere: Elsewhere
    domain: str | None
    card: Mapping[str, Any]  # JSON


def find_elsewhere(name: str, device: torch.device | str) -> FoundElsewhere | None:
    """The prior that a name means; None: it means none from elsewhere.

    Args:
        name: a Python file `NAME.py`, or a Hugging Face model, see `prior.hugging_face_files`.
        device: where to compute.

    Raises:
        UserError: the file or model is missing or broken.
    """
    if name.endswith(".py"):
        return _of_file(Path(name))
    asked = settings_of(name)
    if asked is None:
        return None
    opened = open_model(asked, device)
    place = name if name.startswith(MARK) else str(Path(name).absolute())
    return FoundElsewhere(opened.prior, Elsewhere(place, opened.digest), "text", opened.card)


def load_elsewhere(
    info: Mapping[str, Any], path: Path, device: torch.device | str
) -> FoundElsewhere:
    """The prior that a run's prior.json tells of.

    Args:
        info: what it says.
        path: of that file, for the errors' sentences.
        device: where to compute.

    Raises:
        UserError: what it points to is gone or no longer the same.
    """
    try:
        elsewhere = Elsewhere(str(info["place"]), str(info["digest"]))
    except KeyError as error:
        raise UserError(f"{path}: not a prior of this program (no {error})") from error
    found = find_elsewhere(elsewhere.place, device)
    if found is None or found.elsewhere != elsewhere:
        raise UserError(f"{elsewhere.place}: no longer the prior that {path} was written with")
    return found


def _of_file(path: Path) -> FoundElsewhere:
    found = read_prior_file(path)
    return FoundElsewhere(
        found.prior, Elsewhere(str(path.absolute()), found.digest), found.domain, found.card
    )
