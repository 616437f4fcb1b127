"""Lines of text in the studio."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from sequence_tutor.domain import SequenceBatch
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.studio.ended import Kind, checked
from sequence_tutor.studio.messages import Account, Generate, Render
from sequence_tutor.studio.rendering import File
from sequence_tutor.text import TextDomain

KINDS = {"txt": "text/plain", "csv": "text/csv"}
"""Kind of file -> media type."""


def _domain(model: Model) -> TextDomain:
    assert isinstance(model.domain, TextDomain)  # only models of text come here
    return model.domain


def _encode(model: Model, text: str) -> list[int]:
    return list(_domain(model).vocabulary.encode(text, end=False))


def _text(model: Model, tokens: Sequence[int]) -> str:
    return _domain(model).vocabulary.decode(list(tokens))


def _shown(model: Model, batch: SequenceBatch) -> list[dict[str, Any]]:
    texts = [_text(model, tokens) for tokens in batch.to_lists()]
    return [{"properties": {"characters": len(text)}} for text in texts]


def _terms(asked: Generate | Account) -> Mapping[str, Mapping[str, Any]]:
    """None: only molecules can be near one.

    Raises:
        UserError: one is asked for.
    """
    if asked.near:
        raise UserError("near is of molecules, not of text")
    return {}


LINES = Kind(_encode, _text, _text, _shown, _terms)


def render_lines(model: Model, asked: Render) -> File:
    """Lines as a text file or a table.

    Raises:
        UserError: a kind that is none of text.
    """
    if asked.kind not in KINDS:
        raise UserError(f"kind is {asked.kind}, expected one of text: {', '.join(KINDS)}")
    texts = [_text(model, checked(model, tokens)) for tokens in asked.tokens]
    written = io.StringIO(newline="")
    if asked.kind == "csv":
        csv.writer(written, lineterminator="\n").writerows([["line"], *([text] for text in texts)])
    else:
        written.writelines(f"{text}\n" for text in texts)
    return File(f"lines.{asked.kind}", KINDS[asked.kind], written.getvalue().encode())
