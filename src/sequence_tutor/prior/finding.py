"""A prior by what the user calls it: a folder, a shipped name, a model elsewhere, an object."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import torch

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.prior.elsewhere import find_elsewhere
from sequence_tutor.prior.in_memory import found_in_memory
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import (
    CARD_FILE,
    PRIOR_FILE,
    StoredPrior,
    holds_prior,
    load_prior,
)
from sequence_tutor.storage.files import PathLike


def shipped_priors() -> list[str]:
    """Names of the priors that come with the package."""
    folder = files("sequence_tutor") / "prior" / "shipped"
    return sorted(entry.name for entry in folder.iterdir() if (entry / PRIOR_FILE).is_file())


def shipped_prior(name: str, device: torch.device | str = "cpu") -> StoredPrior:
    """A prior that comes with the package, whatever folder of that name is about.

    Its card is that of `card.json`, which may know more of its held-out data than was known when
    the weights were stored.
    """
    with as_file(files("sequence_tutor") / "prior" / "shipped" / name) as shipped:
        stored = load_prior(shipped, device, remark=False)
        card = json.loads((shipped / CARD_FILE).read_text(encoding="utf-8"))
    return replace(stored, card=card)


def find_prior(
    name: PathLike,
    device: torch.device | str = "cpu",
    domain: str | None = None,
    *,
    trust: bool = False,
    place: PathLike | None = None,
) -> StoredPrior:
    """A prior by the path of its folder, by the name of a shipped one, or from elsewhere.

    Args:
        name: folder, shipped name, or what `prior.elsewhere` understands.
        device: where to compute.
        domain: of a prior from elsewhere that does not say of which it is.
        trust: run a file of Python that a folder names, see `trust`.
        place: where the prior from elsewhere that a folder names has moved.

    Raises:
        UserError: there is none.
    """
    folder, name = Path(name), str(name)
    if holds_prior(folder):
        return load_prior(folder, device, trust=trust, place=place)
    if name in shipped_priors():
        return shipped_prior(name, device)
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
    return StoredPrior(found.prior, spoken, found.card, found=found)


def given_prior(given: object, domain: str) -> StoredPrior:
    """A `StoredPrior`, or an object that `found_in_memory` takes, whose tokens are of `domain`.

    Raises:
        UserError: it is no prior, or breaks a promise.
    """
    if isinstance(given, NeuralPrior):
        return StoredPrior(given, domain)
    if not isinstance(given, StoredPrior):
        found = found_in_memory(given)
        return StoredPrior(found.prior, domain, found=found)
    if given.found is not None or isinstance(given.prior, NeuralPrior):
        return given
    found = found_in_memory(given.prior)
    return replace(given, prior=found.prior, found=found)
