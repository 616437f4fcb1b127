"""Priors on disk: one folder with the weights and a card that people read.

FOLDER/prior.safetensors   weights, and all that is needed to use them
FOLDER/card.json           data, licences, command, settings, measured quality
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from sequence_tutor.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.files import write_json
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior

PRIOR_FILE = "prior.safetensors"
CARD_FILE = "card.json"
FORMAT = 1


@dataclass(frozen=True)
class StoredPrior:
    """A trained prior and what is known about it.

    Attributes:
        prior: the network.
        domain: name of the domain its tokens belong to.
        card: whatever describes it; JSON.
        tensors: what else belongs to it, such as fingerprints of its training data.
    """

    prior: NeuralPrior
    domain: str
    card: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


def save_prior(folder: Path, stored: StoredPrior) -> None:
    """Write the two files atomically, the card first: a folder with weights is complete."""
    network = stored.prior.network
    write_json(folder / CARD_FILE, dict(stored.card))
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


def load_prior(folder: Path, device: torch.device | str = "cpu") -> StoredPrior:
    """Read a folder that `save_prior` wrote.

    Raises:
        UserError: it is missing, damaged or of another version.
    """
    path = folder / PRIOR_FILE
    tensors, info = load_checkpoint(path)
    if info.get("format") != FORMAT:
        raise UserError(f"{path}: format {info.get('format')}, expected {FORMAT}")
    try:
        settings = RecurrentSettings(**info["network"])
        network = RecurrentNetwork(settings, info["vocab_size"], info["vocab_size"])
        network.load_state_dict(under("network", tensors))
    except (KeyError, TypeError, ValidationError, RuntimeError) as error:
        raise UserError(f"{path}: not a prior of this program ({error})") from error
    prior = NeuralPrior(network.to(device))
    return StoredPrior(prior, info["domain"], info["card"], under("extra", tensors))


def shipped_priors() -> list[str]:
    """Names of the priors that come with the package."""
    folder = files("sequence_tutor") / "prior" / "shipped"
    return sorted(entry.name for entry in folder.iterdir() if (entry / PRIOR_FILE).is_file())


def find_prior(name: str, device: torch.device | str = "cpu") -> StoredPrior:
    """A prior by the path of its folder or by the name of a shipped one.

    Raises:
        UserError: there is none.
    """
    if (Path(name) / PRIOR_FILE).is_file():
        return load_prior(Path(name), device)
    if name in shipped_priors():
        with as_file(files("sequence_tutor") / "prior" / "shipped" / name) as folder:
            return load_prior(folder, device)
    raise UserError(
        f"{name}: neither a folder with {PRIOR_FILE} nor a shipped prior; "
        f"{nearest(name, shipped_priors())}"
    )
