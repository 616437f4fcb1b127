"""Lines to learn a prior from: read, encoded, divided."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Progress
from sequence_tutor.domain.corpus import ALL, Corpus, Intake, Numbers, by_kilobytes
from sequence_tutor.errors import UserError
from sequence_tutor.text.reading import read_lines, text_files
from sequence_tutor.text.vocabulary import Tokeniser, split_line

MOST_TOKENS = 2**15 - 1
"""Tokens are kept as 16-bit numbers, the end token among them."""


class TextDataSettings(Settings):
    """How files become lines, and who learns from them."""

    tokeniser: Tokeniser = Field("characters", description="what a token is")
    vocabulary: Literal["data"] | tuple[str, ...] = Field(
        "data", description="tokens of the data, or a list of the only ones that lines may have"
    )
    longest: int = Field(
        120, ge=1, le=10_000, description="most tokens of a line, the end token aside"
    )
    fewest: int = Field(
        1, ge=1, description="lines with a token that comes less often than this are dropped"
    )
    distinct: bool = Field(False, description="whether a line that comes again is dropped")
    validation: float = Field(0.05, gt=0, lt=0.5, description="share of lines to stop by")
    test: float = Field(0.05, gt=0, lt=0.5, description="share of lines to report on")
    split_seed: int = Field(0, ge=0, description="seed of the division")


def read_corpus(paths: Sequence[Path], settings: TextDataSettings, progress: Progress) -> Corpus:
    """Read every line of files and folders; equal lines are on one side of the division.

    Args:
        paths: what to read.
        settings: how.
        progress: called with the kilobytes read and those of all files.

    Raises:
        UserError: a path that cannot be used, no line at all, or too many different tokens.
    """
    reader = _Reader(settings)
    for file, report in by_kilobytes(text_files(paths), progress):
        counts = reader.intake.counts(str(file))
        counts.update(lines=0, kept=0)
        try:
            for number, line in read_lines(file, report):
                counts["lines"] += 1
                if reason := reader.take(line):
                    reader.intake.drop(f"{file} line {number}", reason)
                else:
                    counts["kept"] += 1
        except UserError as error:  # the lines before it are kept
            reader.intake.drop(str(file), str(error).removeprefix(f"{file}: "))
    reader.intake.drop_rarest(settings.fewest, "a token that comes too rarely")
    reader.intake.require(paths, "no line found", ", expected one sequence a line")
    return reader.finish()


class _Reader:
    """Takes lines as the settings say."""

    def __init__(self, settings: TextDataSettings) -> None:
        self.settings = settings
        self.intake = Intake(wide=True)
        self.numbers = Numbers(() if settings.vocabulary == "data" else settings.vocabulary)
        self._seen: set[bytes] = set()

    def take(self, line: str) -> str:
        """Keep a line, or say why not."""
        pieces = split_line(line, self.settings.tokeniser)
        if len(pieces) > self.settings.longest:
            return f"more than {self.settings.longest} tokens"
        if self.numbers.strange(pieces):
            return "a token that the vocabulary lacks"
        # words lose what is between them, so that equal lines are equal sequences
        digest = hashlib.sha256(f"{self.settings.split_seed}:{pieces}".encode()).digest()[:8]
        if self.settings.distinct:
            if digest in self._seen:
                return "a line that was there already"
            self._seen.add(digest)
        self.intake.take(self.numbers(pieces), int.from_bytes(digest, "big") / 2**64)
        return ""

    def finish(self) -> Corpus:
        """The corpus, its tokens numbered by their spelling.

        Raises:
            UserError: too many different tokens.
        """
        spellings = np.array(list(self.numbers.of_piece), dtype=object)
        is_closed = self.numbers.is_closed
        known = sorted(spellings if is_closed else spellings[self.intake.used()])
        if len(known) + 1 > MOST_TOKENS:
            raise UserError(
                f"the data have {len(known)} different tokens, expected at most {MOST_TOKENS - 1}; "
                "raise data.fewest, or take characters"
            )
        rows = self.intake.sources.values()
        total = {"lines": sum(row["lines"] for row in rows), "kept": len(self.intake)}
        lengths = self.intake.lengths
        return self.intake.finish(
            self.settings.validation,
            self.settings.test,
            {
                "tokens": known,
                "tokeniser": self.settings.tokeniser,
                "shortest": int(lengths.min()) - 1,
                "longest": int(lengths.max()) - 1,
            },
            {**{name: dict(row) for name, row in self.intake.sources.items()}, ALL: total},
            self.numbers.renumbered(known),
        )
