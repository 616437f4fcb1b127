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
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models import State
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.python_file import run_user_file, what_happened


@dataclass(frozen=True)
class BlackBoxPrior:
    """p(a|s) from a function of the tokens so far. Satisfies `Prior`.

    Its weights are unknown, so it can be tuned by G-learning only, whose network begins as a
    correction of zero; and every step asks again about the whole past.

    Attributes:
        function: tokens so far (B, t), t from 0 up -> log p(.|s) (B, V), normalised.
        vocab_size: V.
        device: where it computes.
    """

    function: Callable[[Tensor], Tensor]
    vocab_size: int
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (devices are immutable)

    @classmethod
    def asking(
        cls,
        function: Callable[[Tensor], Tensor],
        name: str,
        device: torch.device = torch.device("cpu"),  # noqa: B008 (devices are immutable)
    ) -> BlackBoxPrior:
        """The prior of a function, which is asked how many tokens it knows.

        Raises:
            UserError: its answer is none.
        """
        answer: object = function(torch.zeros(1, 0, dtype=torch.int64, device=device))
        if not isinstance(answer, Tensor) or answer.dim() != 2 or len(answer) != 1:
            found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise UserError(
                f"{name} answers tokens of shape (1, 0) with {found}, expected a tensor of shape "
                "(1, V)"
            )
        return cls(function, answer.shape[1], device)

    def initial_state(self, batch: int) -> State:
        """No tokens yet, (B, 0)."""
        return (torch.zeros(batch, 0, dtype=torch.int64, device=self.device),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log p(.|s) (B, V) after `previous` (B,), and the tokens so far."""
        (tokens,) = state
        starts = (previous == self.vocab_size).any()
        if not starts:  # the start token is ours and never shown to the function
            tokens = torch.cat([tokens, previous[:, None]], dim=1)
        return self._asked(tokens), (tokens,)

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log p(.|s_t) at every step, tokens (B, T) -> (B, T, V)."""
        return torch.stack([self._asked(tokens[:, :t]) for t in range(tokens.shape[1])], dim=1)

    def _asked(self, tokens: Tensor) -> Tensor:
        """The function's answer, (B, V).

        In bfloat16 or float16 a sum of probabilities is off by a percent, of rounding alone; such
        an answer is made float32 and normalised there.
        """
        answer = self.function(tokens)
        if isinstance(answer, Tensor) and answer.dtype in (torch.bfloat16, torch.float16):
            return answer.float().log_softmax(-1)
        return answer


class FilePrior(NamedTuple):
    """What a file gives: the prior, its domain if it names one, its CARD, and its SHA-256."""

    prior: Prior
    domain: str | None
    card: Mapping[str, Any]  # as every card, JSON
    digest: str


def read_prior_file(path: Path, source: bytes | None = None) -> FilePrior:
    """Run a user's file, of this content if it was read before, and take the prior from it.

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
