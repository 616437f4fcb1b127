"""Priors on disk: one folder with the weights and a card that people read.

FOLDER/prior.safetensors   weights, and all that is needed to use them
FOLDER/card.json           data, licences, command, settings, measured quality

A prior whose weights are elsewhere, a user's Python file or a Hugging Face model, has a file
prior.json in place of the weights, which says where it is and what it must be.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import Tensor

from sequence_tutor.drawing.table import html_facts
from sequence_tutor.errors import Remark, UserError, reading
from sequence_tutor.models import Network, NetworkSettings, build_network, weights_digest
from sequence_tutor.prior.elsewhere import (
    OBJECT,
    Elsewhere,
    FoundElsewhere,
    code_of,
    load_elsewhere,
    record_of,
)
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.storage.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.storage.files import PathLike, write_json
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.trust import remember

PRIOR_FILE = "prior.safetensors"
ELSEWHERE_FILE = "prior.json"
CARD_FILE = "card.json"
FORMAT = 1

_SHAPE: TypeAdapter[NetworkSettings] = TypeAdapter(NetworkSettings)


@dataclass(frozen=True)
class StoredPrior:
    """A prior and what is known about it.

    Attributes:
        prior: the prior.
        domain: name of the domain its tokens belong to.
        card: whatever describes it; JSON.
        tensors: what else belongs to it, such as fingerprints of its training data.
        found: where it comes from, if it is no network of ours.
    """

    prior: Prior
    domain: str
    card: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    found: FoundElsewhere | None = None

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Where it comes from; None: it is a network of ours."""
        return None if self.found is None else self.found.elsewhere

    @property
    def kind(self) -> str:
        """Where it comes from, or that it is an object in memory, in a few words."""
        return self.elsewhere.place if self.elsewhere else f"{OBJECT}{type(self.prior).__name__}"

    @property
    def network(self) -> Network:
        """The prior's network.

        Raises:
            UserError: it is none of ours.
        """
        if not isinstance(self.prior, NeuralPrior):
            raise UserError(
                f"a prior of the kind {type(self.prior).__name__} has no network of this program, "
                "expected one that pretrain has trained"
            )
        return self.prior.network

    @property
    def digest(self) -> str:
        """A hash of its weights, or what it is recognised by where it comes from."""
        return weights_digest(self.network) if self.elsewhere is None else self.elsewhere.digest

    def is_same(self, other: StoredPrior) -> bool:
        """Whether both are one prior, weight by weight or by where they come from."""
        if self.elsewhere is not None and other.elsewhere is not None:
            return self.elsewhere.is_same(other.elsewhere)
        if self.elsewhere is not None or other.elsewhere is not None:
            return False
        own, others = self.network.state_dict(), other.network.state_dict()
        return own.keys() == others.keys() and all(
            torch.equal(tensor.cpu(), others[name].cpu()) for name, tensor in own.items()
        )

    def _repr_html_(self) -> str:
        """What it is and how good, in a notebook; the settings of its training to open."""
        network = self.prior.network if isinstance(self.prior, NeuralPrior) else None
        return html_facts(
            f"a prior of {self.domain}",
            {
                "vocabulary": self.prior.vocab_size,
                "parameters": network and f"{sum(p.numel() for p in network.parameters()):,}",
                "comes from": self.elsewhere and self.elsewhere.place,
                **flattened({"quality": self.card.get("quality", {})}),
            },
            {"settings": flattened(self.card.get("settings", {}))},
        )


def save_prior(folder: Path, stored: StoredPrior) -> None:
    """Write the files atomically, the card first: a folder with weights is complete.

    A file of Python that the user has named is remembered as allowed to be run.
    """
    write_json(folder / CARD_FILE, dict(stored.card))
    if stored.found is not None:
        remember(code_of(stored.found))
        facts = {"format": FORMAT, "domain": stored.domain, "card": dict(stored.card)}
        write_json(folder / ELSEWHERE_FILE, {**facts, **record_of(folder, stored.found)})
        return
    network = stored.network
    tensors = {**named("network", network.state_dict()), **named("extra", stored.tensors)}
    info = {
        "format": FORMAT,
        "domain": stored.domain,
        "network": network.settings.model_dump(mode="json"),
        "vocab_size": network.vocab_size,
        "card": dict(stored.card),
    }
    save_checkpoint(folder / PRIOR_FILE, tensors, info)


def holds_prior(folder: Path) -> bool:
    """Whether a folder has a prior in it."""
    return any((folder / name).is_file() for name in (PRIOR_FILE, ELSEWHERE_FILE))


def holds_same(folder: Path, stored: StoredPrior) -> bool:
    """Whether a folder holds this prior; what its records name is neither run nor looked at."""
    path = folder / ELSEWHERE_FILE
    if path.is_file():
        info = _elsewhere_record(path)
        there = Elsewhere(str(info.get("place")), info["digest"])
        return stored.elsewhere is not None and stored.elsewhere.is_same(there)
    return load_prior(folder).is_same(stored)


def load_prior(
    folder: Path,
    device: torch.device | str = "cpu",
    *,
    trust: bool = False,
    place: PathLike | None = None,
    expected: str | None = None,
    remark: bool = True,
) -> StoredPrior:
    """Read a folder that `save_prior` wrote.

    Args:
        folder: where it is.
        device: where to compute.
        trust: run a file of Python that the folder names, see `trust`.
        place: where a prior from elsewhere has moved.
        expected: checksum that the weights' file must have; None: what it says itself.
        remark: say so where the file has no checksum, or the card beside it is damaged.

    Raises:
        UserError: it is missing, damaged or of another version, or what it points to is, or may
            not be run.
    """
    path = folder / ELSEWHERE_FILE
    if path.is_file():
        info = _elsewhere_record(path)
        found = load_elsewhere(info, path, device, trust=trust, place=place)
        # a tokenizer is the one that was found, wherever the record's was
        card = {**info["card"], **({} if found.opened is None else found.card)}
        return StoredPrior(found.prior, info["domain"], card, found=found)
    path = folder / PRIOR_FILE
    tensors, info = load_checkpoint(path, expected, remark=remark)
    if remark:
        _look_at_card(folder / CARD_FILE)
    if info.get("format") != FORMAT:
        raise UserError(f"{path}: format {info.get('format')}, expected {FORMAT}")
    try:
        settings = _SHAPE.validate_python(info["network"])
        network = build_network(settings, info["vocab_size"], info["vocab_size"])
        network.load_state_dict(under("network", tensors))
        _check_named(info)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path}: not a prior of this program ({said})") from error
    prior = NeuralPrior(network.to(device))
    return StoredPrior(prior, info["domain"], info["card"], under("extra", tensors))


def _elsewhere_record(path: Path) -> dict[str, Any]:
    """The content of a prior.json; what it names is not looked at."""
    try:
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if info["format"] != FORMAT:
            raise ValueError(f"another format than {FORMAT}")
        _check_named(info)
        if not isinstance(info.get("digest"), str):
            raise ValueError("no digest in it")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not a prior of this program ({error})") from error
    return info


def _look_at_card(path: Path) -> None:
    """Say so where the card beside the weights is damaged; it is read by people and `export`.

    The weights' file has the same card, so that nothing else needs this one.
    """
    try:
        with reading(path, "the card of a prior"):
            if path.exists() and not isinstance(json.loads(path.read_text("utf-8")), dict):
                raise ValueError("no table in it")
    except UserError as damage:
        said = f"{damage}; the same card in {PRIOR_FILE} is used"
        warnings.warn(said, Remark, stacklevel=3)


def _check_named(info: Mapping[str, Any]) -> None:
    """Refuse a domain or a card of another kind, with a TypeError."""
    domain, card = info["domain"], info["card"]
    if not isinstance(domain, str) or not isinstance(card, dict):
        raise TypeError(f"domain {domain!r:.40} and card {card!r:.40}, expected a name and a table")
