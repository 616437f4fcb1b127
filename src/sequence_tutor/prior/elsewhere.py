"""Priors that are not networks of ours: a user's Python file, a Hugging Face model, an object.

A run keeps no copy of their weights, only where they are and a digest to recognise them by; of an
object in memory it keeps the kind and the answers to a few fixed questions. It also keeps the
tokenizer, without which tokens mean nothing. The digests of a record are compared before anything
that it names is run, and a file of Python that only the record names is run only where the user
allows it, see `trust`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.errors import UserError, reading
from sequence_tutor.prior.hugging_face_files import (
    MARK,
    HuggingFaceSettings,
    OpenedModel,
    hub_name,
    open_model,
    settings_of,
)
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.prior.tokenizers import TOKENIZER_FOLDER, check_tokenizer, save_tokenizer
from sequence_tutor.prior.user_file import read_prior_file
from sequence_tutor.storage.files import PathLike
from sequence_tutor.storage.trust import Code, allow, fetched_model, python_code

OBJECT = "object "
"""The place of a prior in memory begins with this; its kind follows."""

MOVED = "if it has moved, say where with --prior (in Python: prior=)"

TOLERANCE = 1e-3
"""How far, in nats, two answers of one prior in memory may differ by rounding."""


@dataclass(frozen=True)
class Elsewhere:
    """Where a prior comes from.

    Attributes:
        place: path of a Python file, what names a Hugging Face model, or the kind of an object.
        digest: SHA-256 of the file, or of the model's weights and settings; of an object some of
            its answers, see `prior.elsewhere`.
    """

    place: str
    digest: str

    def is_same(self, other: Elsewhere) -> bool:
        """Whether both are one prior, wherever it lies."""
        if not (self.place == other.place and self.place.startswith(OBJECT)):
            return self.digest == other.digest
        with reading(self.place, "answers of a prior"):
            one, two = (torch.tensor([float(n) for n in e.digest.split()]) for e in (self, other))
        return one.shape == two.shape and torch.allclose(one, two, rtol=0.0, atol=TOLERANCE)

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
        opened: the Hugging Face model; None: a Python file or an object.
    """

    prior: Prior
    elsewhere: Elsewhere
    domain: str | None
    card: Mapping[str, Any]  # JSON
    opened: OpenedModel | None = None


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
    return None if asked is None else _of_model(name, asked, device)


def record_of(folder: Path, found: FoundElsewhere) -> dict[str, Any]:
    """What prior.json says of a prior; a tokenizer is written beside it."""
    record: dict[str, Any] = found.elsewhere.to_json()
    if found.opened is not None:
        record["settings"] = found.opened.settings.model_dump(mode="json", exclude_unset=True)
        record["tokenizer"] = save_tokenizer(folder / TOKENIZER_FOLDER, found.opened.tokenizer)
    return record


def code_of(found: FoundElsewhere) -> list[Code]:
    """What would be run, or fetched, where a record names it."""
    place = found.elsewhere.place
    if place.startswith(OBJECT):
        return []
    if found.opened is None:
        path = Path(place)
        return [python_code("prior", path, path.read_bytes())] if path.is_file() else []
    fetched = hub_name(found.opened.settings.model)
    return [] if fetched is None else [fetched_model(fetched)]


def load_elsewhere(
    info: Mapping[str, Any],
    path: Path,
    device: torch.device | str,
    *,
    trust: bool = False,
    place: PathLike | None = None,
) -> FoundElsewhere:
    """The prior that a run's prior.json tells of.

    Args:
        info: what it says.
        path: of that file, for the errors' sentences.
        device: where to compute.
        trust: run a file of Python, or fetch a model, that only the record names.
        place: where the prior is now, named by the user; None: where the record says.

    Raises:
        UserError: what it points to is gone, no longer the same, or may not be run.
    """
    for name in ("place", "digest"):
        if not isinstance(info.get(name), str):
            raise UserError(f"{path}: not a prior of this program (no {name!r} that is a text)")
    elsewhere = Elsewhere(info["place"], info["digest"])
    now = elsewhere.place if place is None else str(place)
    if now.startswith(OBJECT):
        raise UserError(
            f"{path}: the prior was an object in memory of the kind {now.removeprefix(OBJECT)}, "
            "expected the same one; it can be given in Python only, with prior="
        )
    if now.endswith(".py"):
        found = _recorded_file(Path(now), elsewhere, path, trust=trust or place is not None)
    else:
        asked = _recorded_settings(now, info, path, moved=place is not None)
        fetched = hub_name(asked.model)
        if fetched is not None and place is None:
            allow([fetched_model(fetched)], path, trust=trust)
        tokenizer = check_tokenizer(path.parent / TOKENIZER_FOLDER, info.get("tokenizer"), path)
        found = _of_model(now, asked, device, tokenizer)
    if not found.elsewhere.is_same(elsewhere):
        raise _is_another(now, path)
    return found


def _recorded_file(
    path: Path, elsewhere: Elsewhere, record: Path, *, trust: bool
) -> FoundElsewhere:
    """A file of Python, run once it is known to be the one that was meant."""
    if not path.is_file():
        raise UserError(
            f"{path} is not there, expected a Python file of a prior, which {record} names; {MOVED}"
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != elsewhere.digest:
        raise _is_another(str(path), record)
    allow([python_code("prior", path, content)], record, trust=trust)
    return _of_file(path, content)


def _recorded_settings(
    name: str, info: Mapping[str, Any], path: Path, *, moved: bool
) -> HuggingFaceSettings:
    """What the record asks of a model: where it has moved, everything else stays as it was."""
    asked = settings_of(name)
    if asked is None:
        raise UserError(
            f"{name}: no Hugging Face model is there, expected the one that {path} was written "
            f"with; {MOVED}"
        )
    known = info.get("settings")
    if moved and not name.endswith(".toml") and isinstance(known, Mapping):
        with reading(path, "a prior"):
            return HuggingFaceSettings(**{**known, "model": asked.model})
    return asked


def _is_another(place: str, path: Path) -> UserError:
    return UserError(f"{place}: no longer the prior that {path} was written with")


def _of_file(path: Path, source: bytes | None = None) -> FoundElsewhere:
    found = read_prior_file(path, source)
    return FoundElsewhere(
        found.prior, Elsewhere(str(path.absolute()), found.digest), found.domain, found.card
    )


def _of_model(
    name: str,
    asked: HuggingFaceSettings,
    device: torch.device | str,
    tokenizer: Path | None = None,
) -> FoundElsewhere:
    opened = open_model(asked, device, tokenizer)
    place = name if name.startswith(MARK) else str(Path(name).absolute())
    where = Elsewhere(place, opened.digest)
    return FoundElsewhere(opened.prior, where, "text", opened.card, opened)
