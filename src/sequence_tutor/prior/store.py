"""Priors on disk: one folder with the weights and a card that people read.

FOLDER/prior.safetensors   weights, and all that is needed to use them
FOLDER/card.json           data, licences, command, settings, measured quality

A prior whose weights are elsewhere, a user's Python file or a Hugging Face model, has a file
prior.json in place of the weights, which says where it is and what it must be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from sequence_tutor.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.files import PathLike, write_json
from sequence_tutor.flat_tables import flattened
from sequence_tutor.html_tables import html_facts
from sequence_tutor.models import Network, NetworkSettings, build_network
from sequence_tutor.prior.elsewhere import Elsewhere, find_elsewhere, load_elsewhere
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.protocol import Prior

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
        elsewhere: where it comes from, if it is no network of ours.
    """

    prior: Prior
    domain: str
    card: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    elsewhere: Elsewhere | None = None

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

    def is_same(self, other: StoredPrior) -> bool:
        """Whether both are one prior, weight by weight or by where they come from."""
        if self.elsewhere is not None or other.elsewhere is not None:
            return self.elsewhere == other.elsewhere
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
    """Write the files atomically, the card first: a folder with weights is complete."""
    write_json(folder / CARD_FILE, dict(stored.card))
    if stored.elsewhere is not None:
        facts = {"format": FORMAT, "domain": stored.domain, "card": dict(stored.card)}
        write_json(folder / ELSEWHERE_FILE, {**facts, **stored.elsewhere.to_json()})
        return
    network = stored.network
    save_checkpoint(
        folder / PRIOR_FILE,
        {**named("network", network.state_dict()), **named("extra", stored.tensors)},
        {
            "format": FORMAT,
            "domain": stored.domain,
            "network": network.settings.model_dump(mode="json"),
            "vocab_size": network.vocab_size,
            "card": dict(stored.card),
        },
    )


def holds_prior(folder: Path) -> bool:
    """Whether a folder has a prior in it."""
    return any((folder / name).is_file() for name in (PRIOR_FILE, ELSEWHERE_FILE))


def load_prior(folder: Path, device: torch.device | str = "cpu") -> StoredPrior:
    """Read a folder that `save_prior` wrote.

    Raises:
        UserError: it is missing, damaged or of another version, or what it points to is.
    """
    if (folder / ELSEWHERE_FILE).is_file():
        return _load_elsewhere(folder / ELSEWHERE_FILE, device)
    path = folder / PRIOR_FILE
    tensors, info = load_checkpoint(path)
    if info.get("format") != FORMAT:
        raise UserError(f"{path}: format {info.get('format')}, expected {FORMAT}")
    try:
        settings = _SHAPE.validate_python(info["network"])
        network = build_network(settings, info["vocab_size"], info["vocab_size"])
        network.load_state_dict(under("network", tensors))
        domain, card = info["domain"], info["card"]
    except (KeyError, TypeError, ValidationError, RuntimeError) as error:
        raise UserError(f"{path}: not a prior of this program ({error})") from error
    prior = NeuralPrior(network.to(device))
    return StoredPrior(prior, domain, card, under("extra", tensors))


def _load_elsewhere(path: Path, device: torch.device | str) -> StoredPrior:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if info["format"] != FORMAT:
            raise ValueError(f"another format than {FORMAT}")
        domain, card = info["domain"], info["card"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a prior of this program ({error})") from error
    found = load_elsewhere(info, path, device)
    return StoredPrior(found.prior, domain, card, elsewhere=found.elsewhere)


def shipped_priors() -> list[str]:
    """Names of the priors that come with the package."""
    folder = files("sequence_tutor") / "prior" / "shipped"
    return sorted(entry.name for entry in folder.iterdir() if (entry / PRIOR_FILE).is_file())


def find_prior(
    name: PathLike, device: torch.device | str = "cpu", domain: str | None = None
) -> StoredPrior:
    """A prior by the path of its folder, by the name of a shipped one, or from elsewhere.

    Args:
        name: folder, shipped name, or what `prior.elsewhere` understands.
        device: where to compute.
        domain: of a prior from elsewhere that does not say of which it is.

    Raises:
        UserError: there is none.
    """
    folder, name = Path(name), str(name)
    if holds_prior(folder):
        return load_prior(folder, device)
    if name in shipped_priors():
        with as_file(files("sequence_tutor") / "prior" / "shipped" / name) as shipped:
            return load_prior(shipped, device)
    found = find_elsewhere(name, device)
    if found is None:
        raise UserError(
            f"{name}: neither a folder of a run or of a prior, nor a shipped prior, nor a Python "
            "file, nor a Hugging Face model; "
            f"{nearest(name, shipped_priors())}"
        )
    spoken = found.domain or domain
    if spoken is None:
        raise UserError(
            f"{name}: does not say what its tokens are, expected a line such as "
            'DOMAIN = "melody" in it'
        )
    return StoredPrior(found.prior, spoken, found.card, elsewhere=found.elsewhere)
