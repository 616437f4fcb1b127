"""The answers of one listener, in memory and in the file that the exported page saves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.study.design import Pair, Side, Study

LARGEST_FILE = 2**20  # bytes; a thousand answers take a tenth of it


class Answer(Settings):
    """One answer."""

    left: str  # name of the clip shown on the left
    right: str  # likewise
    choice: Side  # the preferred clip (forced choice)
    # from 1, much prefers the left, to 5, much prefers the right
    preference: int = Field(ge=1, le=5)

    @property
    def pair(self) -> Pair:
        """The pair as it was shown."""
        return Pair(left=self.left, right=self.right)


class AnswersFile(Settings):
    """The file that the exported page saves."""

    format: Literal[1]
    study: str
    listener: str = Field(min_length=8, max_length=64)
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Listener:
    """A listener, with an anonymous name."""

    name: str
    answers: tuple[Answer, ...]


def read_answers(path: Path, study: Study) -> Listener:
    """Read an answers file and check that it belongs to this study.

    Raises:
        UserError: not such a file, of another study, or about pairs that the study does not have.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"{path}: more than {LARGEST_FILE} bytes, expected an answers file")
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # the latter of brackets within brackets
        raise UserError(
            f"{path}: not a JSON file, expected what a page of the study saved ({error})"
        ) from error
    if not isinstance(tables, dict):
        raise UserError(f"{path}: not an answers file, expected an object")
    file = build(AnswersFile, tables, str(path))
    if file.study != study.digest:
        raise UserError(f"{path}: answers of another study, expected what a page of this one saved")
    check_answers(file.answers, study, str(path))
    return Listener(file.listener, file.answers)


def check_answers(answers: Sequence[Answer], study: Study, where: str) -> None:
    """Check that every answer is about a pair of the study, and each pair has one at most.

    Raises:
        UserError: naming the first answer that is not.
    """
    known = {frozenset((pair.left, pair.right)) for pair in (*study.pairs, *study.checks)}
    counts = Counter(frozenset((answer.left, answer.right)) for answer in answers)
    for pair, count in counts.items():
        if pair not in known:
            raise UserError(f"{where}: an answer about {sorted(pair)}, which is no pair of it")
        if count > 1:
            raise UserError(f"{where}: {count} answers about {sorted(pair)}, expected one")
