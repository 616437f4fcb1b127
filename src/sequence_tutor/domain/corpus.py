"""A corpus: sequences gathered from files and divided, and what was dropped and why.

Every domain reads files of its own kinds and gives an `Intake` one sequence after the other; no
Python object stays of a sequence. A million of them are a few flat arrays of small integers, mapped
from disk where there is a cache, see `corpus_cache`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.data import Judge, Progress, TrainingData
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION, divide
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError

LISTED = 10_000
"""Places without a sequence that are listed one by one; all of them are counted."""

KILOBYTE = 1024

ALL = "all"
"""The row of a summary that is of every source."""

_END = -1  # stands for the end token while its number is not known; of any array the last


@dataclass(frozen=True)
class Corpus:
    """Encoded sequences and what is known of them.

    Attributes:
        tokens: (N,) int16, rows laid end to end, each with its end token where there is one.
        lengths: (S,) int32.
        sides: (S,) int8 side of the division of each row.
        hashes: (S,) int64 by which a domain knows each row; rows may share one.
        facts: what the data fix, as a prior's card keeps it under the domain's name (JSON).
        summary: one row a source and one for all.
        dropped: reason -> how often.
        skipped: (place, reason) of the first that gave no sequence.
        remarks: what else a user should know of the reading, in sentences.
    """

    tokens: NDArray[np.int16]
    lengths: NDArray[np.int32]
    sides: NDArray[np.int8]
    hashes: NDArray[np.int64]
    facts: Mapping[str, Any]
    summary: Mapping[str, Mapping[str, float]]
    dropped: Mapping[str, int]
    skipped: Sequence[tuple[str, str]]
    remarks: Sequence[str] = ()

    @property
    def sequences(self) -> TokenSequences:
        """All rows."""
        lengths = torch.from_numpy(self.lengths).long()
        return TokenSequences.laid_out(torch.from_numpy(self.tokens), lengths)

    def side(self, side: int) -> TokenSequences:
        """The rows of one side of the division."""
        return self.sequences.select(torch.from_numpy(self.sides == side))

    def hashes_of(self, side: int) -> Tensor:
        """(M,) int64, sorted, each once: the hashes of one side's rows."""
        return torch.from_numpy(np.unique(self.hashes[self.sides == side]))

    def training_data(
        self,
        domain: str,
        settings: Settings,
        tensors: Mapping[str, Tensor],
        provenance: Mapping[str, Any] | None = None,
        judge: Judge | None = None,
    ) -> TrainingData:
        """The three sides, and what a card says of them.

        Args:
            domain: under whose name the card has the facts.
            settings: how the files were read.
            tensors: what is kept beside the prior's weights.
            provenance: what the card says beside sources and settings.
            judge: says how good samples are.
        """
        return TrainingData(
            self.side(TRAIN),
            self.side(VALIDATION),
            self.side(TEST),
            summary=self.summary,
            skipped=self.skipped,
            dropped=self.dropped,
            provenance={
                "sources": [Path(name).name for name in self.summary if name != ALL],
                "settings": settings.model_dump(mode="json"),
                **(provenance or {}),
            },
            card={domain: dict(self.facts)},
            tensors=tensors,
            judge=judge,
        )


class Intake:
    """Gathers sequences and counts what is dropped.

    Attributes:
        sources: source -> counts of whatever the domain counts.
        dropped: reason -> how often.
        skipped: (place, reason) of the first.

    Args:
        wide: whether there may be 32,768 different tokens or more, of which some are dropped in
            the end.
    """

    def __init__(self, *, wide: bool = False) -> None:
        self.sources: dict[str, Counter[str]] = {}
        self.dropped: Counter[str] = Counter()
        self.skipped: list[tuple[str, str]] = []
        self._tokens, self._lengths = array("i" if wide else "h"), array("i")
        self._places, self._hashes = array("d"), array("q")

    def __len__(self) -> int:
        return len(self._lengths)

    def counts(self, source: str) -> Counter[str]:
        """What was counted of a source, to be counted on."""
        return self.sources.setdefault(source, Counter())

    def take(self, tokens: Sequence[int], place: float, key: int = 0) -> None:
        """Keep a sequence.

        Args:
            tokens: at least one.
            place: in [0, 1), decides the side of the division, see `divide`.
            key: its hash.
        """
        self._tokens.extend(tokens)
        self._lengths.append(len(tokens))
        self._places.append(place)
        self._hashes.append(key)

    def drop(self, place: str, reason: str) -> None:
        """Count what gives no sequence."""
        self.dropped[reason] += 1
        if len(self.skipped) < LISTED:
            self.skipped.append((place, reason))

    def drop_rarest(self, fewest: int, reason: str) -> None:
        """Drop again the sequences with a token, the end aside, that comes less often than that."""
        tokens, lengths = np.array(self._tokens), self.lengths
        rare = _times(tokens) < fewest
        rare[_END] = False
        owner = np.repeat(np.arange(len(lengths)), lengths)  # (N,) the row of each token
        kept = np.ones(len(lengths), dtype=bool)
        kept[owner[rare[tokens]]] = False
        dropped = int((~kept).sum())
        if not dropped:
            return
        self._tokens = array(self._tokens.typecode, tokens[kept[owner]].tobytes())
        for name in ("_lengths", "_places", "_hashes"):
            of_rows = getattr(self, name)
            setattr(self, name, array(of_rows.typecode, np.array(of_rows)[kept].tobytes()))
        self.dropped[reason] += dropped

    def require(self, paths: Sequence[Path], missing: str, expected: str) -> None:
        """See that there is something.

        Args:
            paths: what was read.
            missing: what is said where there is nothing.
            expected: what is said beside it where nothing was dropped.

        Raises:
            UserError: there is nothing.
        """
        if len(self):
            return
        reasons = ", ".join(f"{why} ({count})" for why, count in self.dropped.most_common(3))
        why = f"; dropped because: {reasons}" if reasons else expected
        raise UserError(f"{', '.join(map(str, paths))}: {missing}{why}")

    @property
    def lengths(self) -> NDArray[np.int32]:
        """(S,) tokens of what was taken, ends among them."""
        return np.array(self._lengths, dtype=np.int32)

    def used(self) -> NDArray[np.intp]:
        """The different numbers in what was taken, sorted, that of the end aside."""
        return np.flatnonzero(_times(np.array(self._tokens))[:_END])

    def finish(
        self,
        validation: float,
        test: float,
        facts: Mapping[str, Any],
        summary: Mapping[str, Mapping[str, float]],
        renumbered: NDArray[np.int16] | None = None,
        remarks: Sequence[str] = (),
    ) -> Corpus:
        """Divide what was taken.

        Args:
            validation: share of that side.
            test: likewise.
            facts: see `Corpus`.
            summary: likewise.
            renumbered: of `Numbers`: the token of each number; None: numbers are tokens.
            remarks: see `Corpus`.
        """
        tokens = np.array(self._tokens)
        return Corpus(
            tokens.astype(np.int16) if renumbered is None else renumbered[tokens],
            self.lengths,
            divide(np.array(self._places), validation, test),
            np.array(self._hashes, dtype=np.int64),
            facts,
            summary,
            dict(self.dropped.most_common()),
            self.skipped,
            remarks,
        )


class Numbers:
    """Pieces of text as numbers, in the order in which they are first met.

    Args:
        known: the only pieces that may come; none: whatever comes.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.of_piece = {piece: number for number, piece in enumerate(known)}
        self.is_closed = bool(self.of_piece)

    def strange(self, pieces: Iterable[str]) -> str:
        """The first piece that may not come; empty: there is none."""
        if not self.is_closed:
            return ""
        return next((piece for piece in pieces if piece not in self.of_piece), "")

    def __call__(self, pieces: Iterable[str]) -> list[int]:
        """The numbers of some pieces, with an end after them."""
        numbers = self.of_piece
        return [*(numbers.setdefault(piece, len(numbers)) for piece in pieces), _END]

    def renumbered(self, tokens: Sequence[str]) -> NDArray[np.int16]:
        """The place of each number's piece among some tokens, which the end token follows."""
        places = {token: place for place, token in enumerate(tokens)}
        found = [places.get(piece, -1) for piece in self.of_piece]
        return np.array([*found, len(tokens)], dtype=np.int16)


def _times(tokens: NDArray[np.signedinteger]) -> NDArray[np.intp]:
    """How often each number comes; the last is that of the end."""
    return np.roll(np.bincount(tokens + 1, minlength=1), _END)


def by_kilobytes(
    files: Sequence[Path], progress: Progress, more: int = 0
) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Go through files with progress in kilobytes.

    Args:
        files: to be read one by one.
        progress: called with the kilobytes done and of all.
        more: kilobytes that what follows the reading counts for.

    Yields:
        A file, and a function that takes the bytes of it that are read so far.
    """
    sizes = [file.stat().st_size for file in files]
    total = sum(sizes) // KILOBYTE + more
    before = 0

    def report(before: int, read: int) -> None:
        progress((before + read) // KILOBYTE, total)

    for file, size in zip(files, sizes, strict=True):
        yield file, partial(report, before)
        report(before, size)
        before += size
