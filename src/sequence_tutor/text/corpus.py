"""Lines to learn a prior from: read, encoded, divided."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.division import divide
from sequence_tutor.errors import UserError
from sequence_tutor.text.reading import read_lines, text_files
from sequence_tutor.text.vocabulary import Tokeniser, split_line
from sequence_tutor.token_sequences import TokenSequences

MOST_TOKENS = 2**15 - 1
"""Tokens are kept as 16-bit numbers, the end token among them."""

KILOBYTE = 1024

MOST_LISTED = 1000
"""Lines without a sequence that are listed one by one; all of them are counted."""


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


@dataclass(frozen=True)
class TextCorpus:
    """Encoded lines and what is known of them.

    Attributes:
        lines: all of them, each with its end token.
        sides: (S,) on which side of the division each is; equal lines are on one.
        facts: what the data fixes, as a prior's card keeps it under `text` (JSON).
        summary: one row a file and one for all.
        skipped: (file, reason) of files, then of the first lines that gave none.
        dropped: reason -> how often.
    """

    lines: TokenSequences
    sides: NDArray[np.int8]
    facts: Mapping[str, Any]
    summary: Mapping[str, Mapping[str, float]]
    skipped: Sequence[tuple[str, str]]
    dropped: Mapping[str, int]

    def side(self, side: int) -> TokenSequences:
        """The lines of one side."""
        return self.lines.select(torch.from_numpy(self.sides == side))


class _Lines(NamedTuple):
    """Lines as numbers that still stand for tokens in the order in which they were met.

    Attributes:
        tokens: (N,) of all lines, laid end to end.
        lengths: (S,) of each.
        places: (S,) that decide the side of the division.
    """

    tokens: NDArray[np.int32]
    lengths: NDArray[np.int64]
    places: NDArray[np.float64]


class _Reader:
    """Gathers lines as numbers, in the order in which tokens are first met."""

    def __init__(self, settings: TextDataSettings) -> None:
        self.settings = settings
        known = () if settings.vocabulary == "data" else settings.vocabulary
        self.closed = bool(known)  # whether no other token may come
        self.numbers = {token: number for number, token in enumerate(known)}
        self.tokens, self.lengths, self.places = array("i"), array("i"), array("d")
        self.summary: dict[str, dict[str, float]] = {}
        self.skipped: list[tuple[str, str]] = []
        self.dropped: Counter[str] = Counter()
        self._seen: set[bytes] = set()

    def read(self, path: Path, report: Callable[[int], None]) -> None:
        """Take every line of a file; one that cannot be read to its end gives those before.

        Args:
            path: the file.
            report: called now and then with the bytes read.
        """
        counts = self.summary[str(path)] = {"lines": 0, "kept": 0}
        try:
            for number, line in read_lines(path, report):
                counts["lines"] += 1
                reason = self._take(line)
                if reason is None:
                    counts["kept"] += 1
                else:
                    self._drop(f"{path} line {number}", reason)
        except UserError as error:
            self._drop(str(path), str(error).removeprefix(f"{path}: "))
        report(path.stat().st_size)

    def _take(self, line: str) -> str | None:
        """Keep a line, or say why not."""
        pieces = split_line(line, self.settings.tokeniser)
        if len(pieces) > self.settings.longest:
            return f"more than {self.settings.longest} tokens"
        if self.closed and not all(piece in self.numbers for piece in pieces):
            return "a token that the vocabulary lacks"
        # words lose what is between them, so that equal lines are equal sequences
        digest = hashlib.sha256(f"{self.settings.split_seed}:{pieces}".encode()).digest()[:8]
        if self.settings.distinct:
            if digest in self._seen:
                return "a line that was there already"
            self._seen.add(digest)
        self.tokens.extend(self.numbers.setdefault(piece, len(self.numbers)) for piece in pieces)
        self.lengths.append(len(pieces))
        self.places.append(int.from_bytes(digest, "big") / 2**64)
        return None

    def _drop(self, where: str, reason: str) -> None:
        self.dropped[reason] += 1
        if len(self.skipped) < MOST_LISTED:
            self.skipped.append((where, reason))

    def without_rare(self) -> _Lines:
        """What was read, less the lines with a token that comes too rarely."""
        tokens, lengths = np.array(self.tokens), np.array(self.lengths, dtype=np.int64)
        owner = np.repeat(np.arange(len(lengths)), lengths)  # (N,) the line of each token
        often = np.bincount(tokens, minlength=len(self.numbers)) >= self.settings.fewest
        rare = np.unique(owner[~often[tokens]])
        if len(rare):
            self.dropped["a token that comes too rarely"] += len(rare)
        kept = np.ones(len(lengths), dtype=bool)
        kept[rare] = False
        return _Lines(tokens[kept[owner]], lengths[kept], np.array(self.places)[kept])

    def finish(self, kept: _Lines) -> TextCorpus:
        """The corpus of the lines that are kept, at least one, tokens numbered by their spelling.

        Raises:
            UserError: too many different tokens.
        """
        spellings = np.array(list(self.numbers), dtype=object)
        known = sorted(self.numbers) if self.closed else sorted(spellings[np.unique(kept.tokens)])
        if len(known) + 1 > MOST_TOKENS:
            raise UserError(
                f"the data have {len(known)} different tokens, expected at most {MOST_TOKENS - 1}; "
                "raise data.fewest, or take characters"
            )
        new = {token: number for number, token in enumerate(known)}
        renumber = np.array([new.get(token, -1) for token in spellings], dtype=np.int16)
        facts = {
            "tokens": known,
            "tokeniser": self.settings.tokeniser,
            "shortest": int(kept.lengths.min()),
            "longest": int(kept.lengths.max()),
        }
        total = {
            "lines": sum(row["lines"] for row in self.summary.values()),
            "kept": len(kept.lengths),
        }
        return TextCorpus(
            _with_ends(renumber[kept.tokens], kept.lengths, len(known)),
            divide(kept.places, self.settings.validation, self.settings.test),
            facts,
            {**self.summary, "all": total},
            self.skipped,
            self.dropped,
        )


def _with_ends(
    tokens: NDArray[np.int16], lengths: NDArray[np.int64], end_token: int
) -> TokenSequences:
    """Lines laid end to end, each with an end token after it."""
    ended = np.full(len(tokens) + len(lengths), end_token, dtype=np.int16)
    # every line moves on by the ends before it
    ended[np.arange(len(tokens)) + np.repeat(np.arange(len(lengths)), lengths)] = tokens
    return TokenSequences.laid_out(torch.from_numpy(ended), torch.from_numpy(lengths + 1))


def read_corpus(
    paths: Sequence[Path], settings: TextDataSettings, progress: Callable[[int, int], None]
) -> TextCorpus:
    """Read every line of files and folders.

    Args:
        paths: what to read.
        settings: how.
        progress: called with the kilobytes read and those of all files.

    Raises:
        UserError: a path that cannot be used, no line at all, or too many different tokens.
    """
    reader, files = _Reader(settings), text_files(paths)
    total = sum(file.stat().st_size for file in files)

    def report(before: int, read: int) -> None:
        progress((before + read) // KILOBYTE, total // KILOBYTE)

    before = 0
    for file in files:
        reader.read(file, partial(report, before))
        before += file.stat().st_size
    kept = reader.without_rare()
    if not len(kept.lengths):
        reasons = ", ".join(f"{why} ({count})" for why, count in reader.dropped.most_common(3))
        raise UserError(
            f"{', '.join(map(str, paths))}: no line found"
            + (f"; dropped because: {reasons}" if reasons else ", expected one sequence a line")
        )
    return reader.finish(kept)
