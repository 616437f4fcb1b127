"""A prior that is a user's Python file: its log-probabilities are all that is known of it.

The file defines one of

- `log_probs(tokens)`: tokens so far (B, t) int64, t from 0 up -> log p(.|s) (B, V), normalised;
- `prior()`: gives an object that satisfies `Prior`, such as an `NGramPrior` of the user's counts;

and may say `DOMAIN`, the name of the domain that its tokens belong to, and `CARD`, a dict with what
a card says of a vocabulary where the domain has no fixed one. The file is a program and is run as
one: load only what you trust.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.prior.black_box import BlackBoxPrior
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.user_terms import run_user_file, what_happened


@dataclass(frozen=True)
class FilePrior:
    """What a file gives.

    Attributes:
        prior: the prior.
        domain: that it names, or None.
        card: its CARD.
        digest: SHA-256 of the file.
    """

    prior: Prior
    domain: str | None
    card: Mapping[str, Any]  # as every card, JSON
    digest: str


def read_prior_file(path: Path, source: bytes | None = None) -> FilePrior:
    """Run a user's file and find the prior in it.

    Args:
        path: the file.
        source: its content, where it was read before; None: it is read here.

    Raises:
        UserError: the file is missing or fails, or defines no prior.
    """
    if source is None and path.is_file():
        source = path.read_bytes()
    module = run_user_file(path, "a prior", source)
    function, factory = getattr(module, "log_probs", None), getattr(module, "prior", None)
    if callable(function):
        guarded = _guarded(function, path)
        prior: Prior = BlackBoxPrior.asking(guarded, f"log_probs of {path}")
    elif callable(factory):
        prior = _guarded(factory, path)()
    else:
        raise UserError(f"{path} defines no prior, expected a function log_probs or prior")
    card = getattr(module, "CARD", {})
    if not isinstance(card, Mapping):
        raise UserError(f"CARD of {path} is a {type(card).__name__}, expected a dict")
    digest = hashlib.sha256(source or b"").hexdigest()
    return FilePrior(prior, getattr(module, "DOMAIN", None), card, digest)


def _guarded(function: Callable[..., Any], path: Path) -> Callable[..., Any]:
    """The user's function; where it fails, the file and line are named."""

    def call(*arguments: Tensor) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            name = function.__name__
            raise UserError(f"{name} of {path} failed{what_happened(error, path)}") from error

    return call
