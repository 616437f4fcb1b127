"""Training data from lines: read, encoded, divided."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Progress
from sequence_tutor.domain.corpus import ALL, Corpus, Intake, Numbers
from sequence_tutor.domain.reading_progress import by_kilobytes
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, lines, unpacked
from sequence_tutor.text.vocabulary import Tokeniser, split_line

MOST_TOKENS = 2**15 - 1
"""Limit of 16-bit numbers, including the end token."""


LONGEST_LINE = 2**16
"""Characters."""

_REPORTED = 10_000  # lines between two reports of progress


def text_files(paths: Sequence[Path]) -> list[Path]:
    """Every file at or below the paths; hidden ones only if they are named.

    Raises:
        UserError: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            found += [file for file in inside if not file.name.startswith(".")]
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"{path}: no such file or folder")
    return found


def read_lines(
    path: Path, report: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, str]]:
    """Number and stripped text of every line of a file that is not blank.

    `report` is called now and then with the bytes of the file that are read.

    Raises:
        UserError: the file is not text, is damaged, or has a line of more than `LONGEST_LINE`.
    """
    with door(path), unpacked(path) as (stream, raw):
        try:
            for line in lines(stream, LONGEST_LINE):
                if line.number % _REPORTED == 0:
                    report(raw.tell())
                if line.problem:
                    raise UserError(
                        f"{path} line {line.number}: {line.problem}, expected shorter ones"
                    )
                if "\0" in line.text:
                    raise UserError(
                        f"{path} line {line.number}: a zero byte, expected a text file in UTF-8"
                    )
                if text := line.text.strip():
                    yield line.number, text
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not a text file in UTF-8 ({error.reason})") from error


class TextDataSettings(Settings):
    """How files become lines, and how these are divided."""

    tokeniser: Tokeniser = Field("characters", description="what a token is")
    vocabulary: Literal["data"] | tuple[str, ...] = Field(
        "data", description="the tokens of the data, or a list of allowed tokens"
    )
    longest: int = Field(
        120, ge=1, le=10_000, description="most tokens of a line, without the end token"
    )
    fewest: int = Field(
        1, ge=1, description="lines with a token that occurs less often than this are dropped"
    )
    distinct: bool = Field(False, description="whether repeated lines are dropped")
    validation: float = Field(0.05, gt=0, lt=0.5, description="share of lines for early stopping")
    test: float = Field(0.05, gt=0, lt=0.5, description="share of lines for the final report")
    split_seed: int = Field(0, ge=0, description="seed of the division")


def read_corpus(paths: Sequence[Path], settings: TextDataSettings, progress: Progress) -> Corpus:
    """Read every line of files and folders; equal lines are in the same part.

    `progress` is called with the kilobytes read and those of all files.

    Raises:
        UserError: a path that cannot be used, no line at all, or too many different tokens.
    """
    reader = _LineReader(settings)
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


class _LineReader:
    """Collects lines as the settings say."""

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
        """The corpus, its tokens numbered in alphabetical order."""
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
