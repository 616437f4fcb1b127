"""How a domain shows itself in a report and in a notebook; lines, where it has no pictures.

Of lines every token is marked that was paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.step_scores import step_scores
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

if TYPE_CHECKING:
    from sequence_tutor.domain.base import Domain

END = "\N{RETURN SYMBOL}"
"""Stands for the token that ends a sequence."""


LINES_SHOWN, LINES_DISPLAYED = 12, 20
"""Of each model in a report, and of one in a notebook's cell."""

PACKAGE = "sequence_tutor.domain"


class ShownModel(Protocol):
    """A model as far as what it writes is to be shown; `sequence_tutor.Model` is one."""

    @property
    def name(self) -> str:
        """What it is called beside others."""

    @property
    def framed_domain(self) -> Domain:
        """Its domain, in the frame that it writes in."""

    @property
    def policy(self) -> Prior:
        """What is sampled."""

    @property
    def reward(self) -> Reward:
        """What it is judged by."""

    @property
    def length(self) -> int:
        """T."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def files(self) -> Settings:
        """How its sequences are written."""


@dataclass(frozen=True)
class Material:
    """What a report has of some models of one domain.

    Attributes:
        models: the prior first; their places are those of their colours.
        at_most: gives the first distinct sequences of each: so many, or fewer where there are
            no more.
        exactly: gives so many of each.
        judged_by: the reward that all are judged by, in a sentence.
        section: begins the ids of whatever has one.
    """

    models: Sequence[ShownModel]
    at_most: Callable[[int], list[SequenceBatch]]
    exactly: Callable[[int], list[SequenceBatch]]
    judged_by: str
    section: str


@dataclass(frozen=True)
class Exhibit:
    """What a report shows of a domain's sequences.

    Attributes:
        title: of the section.
        html: what is in it. Escape what is not yours: it stands on the page as it is.
        kind: a class of the section, for styles and scripts.
    """

    title: str
    html: str
    kind: str = ""


def exhibit(shown: Material) -> Exhibit:
    """The lines of all models side by side."""
    rows = [batch.to_lists() for batch in shown.at_most(LINES_SHOWN)]
    html = _fragment("lines.html", models=paid_lines(shown.models, rows))
    return Exhibit("Look", html)


def display(model: ShownModel, batch: SequenceBatch) -> str:
    """The first lines of one model."""
    (lines,) = paid_lines([model], [batch[:LINES_DISPLAYED].to_lists()])
    return _fragment("display.html", lines=lines.lines)


def _fragment(template: str, **values: object) -> str:
    from sequence_tutor.drawing.fragments import fragment  # most verbs need no page

    return fragment(PACKAGE, template, **values)


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
    models: Sequence[ShownModel], sequences: Sequence[Sequence[Sequence[int]]]
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


def _lines(model: ShownModel, sequences: Sequence[Sequence[int]]) -> list[Line]:
    domain = model.framed_domain
    end, token_text = domain.end_token, domain.token_text

    def text(token: int) -> str:
        return END if token == end else token_text(token)

    return [
        Line(
            [
                _piece(text(token), step, scored["reward"])
                for step, token in enumerate(scored["tokens"])
            ],
            math.fsum(scored["total"]),
            _reasons({rule: math.fsum(paid) for rule, paid in scored["reward"].items()}),
        )
        for scored in step_scores(model.reward, sequences)
    ]


def _piece(text: str, step: int, paid: Mapping[str, Sequence[float]]) -> Piece:
    parts = {rule: steps[step] for rule, steps in paid.items() if steps[step]}
    return Piece(text, math.fsum(parts.values()), _reasons(parts))


def _reasons(parts: Mapping[str, float]) -> str:
    """What each rule paid, as far as it did."""
    return ", ".join(f"{rule} {part:+.3g}" for rule, part in parts.items() if part)
