"""How a domain displays sequences in a report and a notebook; by default as lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.step_scores import step_scores
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

if TYPE_CHECKING:
    from sequence_tutor.domain.base import Domain

END = "\N{RETURN SYMBOL}"
"""Shown for the end token."""

LINES_SHOWN, LINES_DISPLAYED = 12, 20
"""Lines of each model in a report, and in a notebook's cell."""

PACKAGE = "sequence_tutor.domain"


class ShownModel(Protocol):
    """A model whose sequences are displayed; `sequence_tutor.Model` is one."""

    @property
    def name(self) -> str:
        """Its name beside others."""

    @property
    def framed_domain(self) -> Domain:
        """Its domain in the frame of its sequences."""

    @property
    def policy(self) -> Prior:
        """Sampled."""

    @property
    def reward(self) -> Reward:
        """Judges it."""

    @property
    def length(self) -> int:
        """T."""

    @property
    def device(self) -> torch.device:
        """Of its computation."""

    def files(self) -> Settings:
        """Its output settings."""


@dataclass(frozen=True)
class Material:
    """Models of one domain and their sequences, for a report.

    Attributes:
        models: the prior first; a model's place is that of its colour.
        at_most: the first distinct sequences of each: `count`, or fewer if there are no more.
        exactly: `count` distinct sequences of each.
        judged_by: a sentence about the reward that judges all.
        section: prefix of ids on the page.
    """

    models: Sequence[ShownModel]
    at_most: Callable[[int], list[SequenceBatch]]
    exactly: Callable[[int], list[SequenceBatch]]
    judged_by: str
    section: str


@dataclass(frozen=True)
class Exhibit:
    """The section of a report about a domain's sequences.

    Attributes:
        title: of the section.
        html: its content, inserted as it is: escape untrusted text.
        kind: CSS class of the section.
        tuning: what the page's instrument needs to play sequences of each model, as JSON: `notes`,
            the domain's token facts, and `models`, one entry each; None: they do not sound.
    """

    title: str
    html: str
    kind: str = ""
    tuning: Mapping[str, Any] | None = None


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
class PaidToken:
    """One token: its text, its total reward, and the terms that paid it."""

    text: str
    paid: float
    why: str


@dataclass(frozen=True)
class PaidLine:
    """One sequence: its tokens, its total reward, and the terms that paid it."""

    pieces: Sequence[PaidToken]
    total: float
    why: str


@dataclass(frozen=True)
class ModelLines:
    """The sequences of one model, and its place in the list."""

    model: str
    style: int
    lines: Sequence[PaidLine]


def paid_lines(
    models: Sequence[ShownModel], sequences: Sequence[Sequence[Sequence[int]]]
) -> list[ModelLines]:
    """The lines of every model, each scored by its own reward."""
    return [
        ModelLines(model.name, place, _lines(model, own))
        for place, (model, own) in enumerate(zip(models, sequences, strict=True))
    ]


def _lines(model: ShownModel, sequences: Sequence[Sequence[int]]) -> list[PaidLine]:
    domain = model.framed_domain
    end, token_text = domain.end_token, domain.token_text

    def text(token: int) -> str:
        return END if token == end else token_text(token)

    return [
        PaidLine(
            [_piece(text(token), i, scored["reward"]) for i, token in enumerate(scored["tokens"])],
            math.fsum(scored["total"]),
            _reasons({rule: math.fsum(paid) for rule, paid in scored["reward"].items()}),
        )
        for scored in step_scores(model.reward, sequences)
    ]


def _piece(text: str, step: int, paid: Mapping[str, Sequence[float]]) -> PaidToken:
    parts = {rule: steps[step] for rule, steps in paid.items() if steps[step]}
    return PaidToken(text, math.fsum(parts.values()), _reasons(parts))


def _reasons(parts: Mapping[str, float]) -> str:
    """What each rule paid, if anything."""
    return ", ".join(f"{rule} {part:+.3g}" for rule, part in parts.items() if part)
