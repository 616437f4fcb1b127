"""Lines side by side, every token marked that was paid for: texts, and domains without pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sequence_tutor.evaluation.model import Model
from sequence_tutor.step_scores import step_scores
from sequence_tutor.text import TextDomain

END = "\N{RETURN SYMBOL}"
"""Stands for the token that ends a sequence."""


@dataclass(frozen=True)
class Piece:
    """One token: its text, what it was paid in all, and for what."""

    text: str
    paid: float
    why: str


@dataclass(frozen=True)
class Line:
    """One sequence, its tokens and their sum, and of what that is made up."""

    pieces: Sequence[Piece]
    total: float
    why: str


@dataclass(frozen=True)
class Lines:
    """The sequences of one model, and its place in the list."""

    model: str
    style: int
    lines: Sequence[Line]


def paid_lines(
    models: Sequence[Model], sequences: Sequence[Sequence[Sequence[int]]]
) -> list[Lines]:
    """The lines of every model, each scored by its own reward.

    Args:
        models: the prior first.
        sequences: tokens of each.
    """
    return [
        Lines(model.name, place, _lines(model, own))
        for place, (model, own) in enumerate(zip(models, sequences, strict=True))
    ]


def _lines(model: Model, sequences: Sequence[Sequence[int]]) -> list[Line]:
    return [
        Line(
            [
                _piece(token_text(model, token), step, scored["reward"])
                for step, token in enumerate(scored["tokens"])
            ],
            math.fsum(scored["total"]),
            _reasons({rule: math.fsum(paid) for rule, paid in scored["reward"].items()}),
        )
        for scored in step_scores(model.reward, sequences)
    ]


def token_text(model: Model, token: int) -> str:
    """How a token is written: as its text where the domain has texts, else as its number."""
    if token == model.domain.end_token:
        return END
    if not isinstance(model.domain, TextDomain):
        return f"{token} "
    vocabulary = model.domain.vocabulary
    return vocabulary.tokens[token] + vocabulary.separator


def _piece(text: str, step: int, paid: Mapping[str, Sequence[float]]) -> Piece:
    parts = {rule: steps[step] for rule, steps in paid.items() if steps[step]}
    return Piece(text, math.fsum(parts.values()), _reasons(parts))


def _reasons(parts: Mapping[str, float]) -> str:
    """What each rule paid, as far as it did."""
    return ", ".join(f"{rule} {part:+.3g}" for rule, part in parts.items() if part)
