"""Ready terms for lines of text: each a table of settings and a function of a view.

Each pays 1 or -1 at the token that causes it, if there is one, so that a learner need not find out
which token of a line was rewarded.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.text.view import TextView

Effect = Literal["wanted", "forbidden"]
_PAYS: dict[Effect, float] = {"wanted": 1.0, "forbidden": -1.0}


class Pattern(Settings):
    """1 or -1 for a line that a regular expression matches: once, where the match ends."""

    kind: Literal["pattern"] = Field(description="a regular expression of Python's `re`")
    regex: str = Field(description="the expression; it may match anywhere in the line")
    effect: Effect = Field("forbidden", description="wanted: 1 for a match; forbidden: -1")
    whole: bool = Field(
        False, description="whether all of a finished line must match; paid at its end"
    )
    ignore_case: bool = Field(False, description="whether capitals are as small letters")

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        try:
            _ = self.compiled
        except re.error as error:
            raise ValueError(
                f"regex is {self.regex!r}, expected a regular expression ({error})"
            ) from error
        return self

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.regex, re.IGNORECASE if self.ignore_case else 0)

    def __call__(self, texts: TextView) -> Tensor:
        """(B, T)."""
        pays = _PAYS[self.effect]
        if self.whole:
            matched = [self.compiled.fullmatch(line) is not None for line in texts.lines]
            at_end = torch.tensor(matched, device=texts.tokens.device) & texts.finished
            return pays * texts.at_end(at_end)
        paid = texts.nothing()
        for row, line in enumerate(texts.lines):
            if match := self.compiled.search(line):
                paid[row, texts.token_at(row, match.end())] = pays
        return paid


class Words(Settings):
    """1 or -1 for each of some words that a line has: once a word, where it first ends."""

    kind: Literal["word_list"] = Field(description="a list of words")
    words: tuple[str, ...] = Field(min_length=1, description="the words, or parts of a line")
    effect: Effect = Field("forbidden", description="wanted: 1 for each; forbidden: -1")
    ignore_case: bool = Field(True, description="whether capitals are as small letters")

    @cached_property
    def regexes(self) -> tuple[re.Pattern[str], ...]:
        """One a word; next to it may be no letter, digit or underscore."""
        flags = re.IGNORECASE if self.ignore_case else 0
        return tuple(re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", flags) for word in self.words)

    def __call__(self, texts: TextView) -> Tensor:
        """(B, T)."""
        paid = texts.nothing()
        for row, line in enumerate(texts.lines):
            for regex in self.regexes:
                if match := regex.search(line):
                    paid[row, texts.token_at(row, match.end())] += _PAYS[self.effect]
        return paid


class Length(Settings):
    """-1 for every token beyond the most; for a line that is too short, -1 a missing token.

    The end token does not count.
    """

    kind: Literal["length"] = Field(description="a window of lengths")
    shortest: int = Field(0, ge=0, description="fewest tokens")
    longest: int | None = Field(None, ge=1, description="most tokens; unset: any number")

    @model_validator(mode="after")
    def _some_length_is_left(self) -> Self:
        if self.longest is not None and self.longest < self.shortest:
            raise ValueError(f"longest is {self.longest}, expected at least {self.shortest}")
        return self

    def __call__(self, texts: TextView) -> Tensor:
        """(B, T)."""
        written = texts.lengths - texts.finished.long()  # (B,)
        lacking = (self.shortest - written).clamp(min=0).where(texts.finished, 0)
        paid = -texts.at_end(lacking.double())
        if self.longest is not None:
            steps = torch.arange(texts.tokens.shape[1], device=paid.device)
            beyond = (steps >= self.longest) & (steps < written[:, None])  # (B, T)
            paid = paid - beyond.double()
        return paid


class TokenRepetition(Settings):
    """-1 for every token that repeats the one before more often than allowed."""

    kind: Literal["repetition"] = Field(description="a token many times in a row")
    most: int = Field(2, ge=1, description="times in a row that cost nothing")

    def __call__(self, texts: TextView) -> Tensor:
        """(B, T)."""
        paid = texts.nothing()
        run = torch.ones_like(texts.lengths)  # (B,) times in a row so far
        for t in range(1, texts.tokens.shape[1]):
            run = torch.where(texts.tokens[:, t] == texts.tokens[:, t - 1], run + 1, 1)
            paid[:, t] = -(run > self.most).double()
        return paid.where(texts.batch.mask, 0.0)


class Again(Settings):
    """-1 at the end of a line that the run has written before."""

    kind: Literal["again"] = Field(description="a line that the run has found before")


Term = Annotated[
    Pattern | Words | Length | TokenRepetition | Again,
    Field(discriminator="kind"),
]
"""Any of them, by its `kind`."""
