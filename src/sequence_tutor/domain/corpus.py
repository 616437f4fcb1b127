"""Training data collected from files and divided, with what was dropped and why.

A domain reads its own kinds of files and adds each sequence to an `Intake`. Sequences are stored in
a few flat arrays of small integers without a Python object each, mapped from disk if they are
cached, see `corpus_cache`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.data import Judge, TrainingData
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION, divide
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError

LISTED = 10_000
"""Most skipped entries that are listed; all of them are counted."""

ALL = "all"
"""The row of a summary for all sources."""

_END = -1  # the end token, until its number is known; the last index of an array


@dataclass(frozen=True)
class Corpus:
    """Encoded sequences and what is known about them."""

    # (N,) int16, all rows concatenated, each with its end token if there is one
    tokens: NDArray[np.int16]
    lengths: NDArray[np.int32]  # (S,) int32
    sides: NDArray[np.int8]  # (S,) int8, the part of each row: train, validation or test
    # (S,) int64, a domain's key of each row; several rows may have the same
    hashes: NDArray[np.int64]
    # properties of the data for a prior's card, under the domain's name (JSON)
    facts: Mapping[str, Any]
    summary: Mapping[str, Mapping[str, float]]  # one row a source and one for all
    dropped: Mapping[str, int]  # reason -> count
    skipped: Sequence[tuple[str, str]]  # (place, reason) of the first entries without a sequence
    remarks: Sequence[str] = ()  # sentences for the user about the reading

    @property
    def sequences(self) -> TokenSequences:
        """All rows."""
        lengths = torch.from_numpy(self.lengths).long()
        return TokenSequences.laid_out(torch.from_numpy(self.tokens), lengths)

    def side(self, side: int) -> TokenSequences:
        """The rows of one part."""
        return self.sequences.select(torch.from_numpy(self.sides == side))

    def hashes_of(self, side: int) -> Tensor:
        """(M,) int64, sorted, each once: the hashes of one part's rows."""
        return torch.from_numpy(np.unique(self.hashes[self.sides == side]))

    def training_data(
        self,
        domain: str,
        settings: Settings,
        tensors: Mapping[str, Tensor],
        provenance: Mapping[str, Any] | None = None,
        judge: Judge | None = None,
    ) -> TrainingData:
        """The three parts, and entries for a prior's card.

        The facts stand under the name of the domain; `settings` are those of the reading, `tensors`
        are stored with the prior's weights.
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
    """Collects sequences and counts what is dropped.

    Args:
        wide: whether there may be 32,768 or more different tokens before rare ones are dropped.
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
        """The counts of a source, to be updated by the domain."""
        return self.sources.setdefault(source, Counter())

    def take(self, tokens: Sequence[int], place: float, key: int = 0) -> None:
        """Add a sequence of at least one token; its place in [0, 1) decides its part, see `divide`.

        `key` is its hash.
        """
        self._tokens.extend(tokens)
        self._lengths.append(len(tokens))
        self._places.append(place)
        self._hashes.append(key)

    def drop(self, place: str, reason: str) -> None:
        """Count an entry without a sequence."""
        self.dropped[reason] += 1
        if len(self.skipped) < LISTED:
            self.skipped.append((place, reason))

    def drop_rarest(self, fewest: int, reason: str) -> None:
        """Drop sequences with a token, other than the end, that occurs less than `fewest` times."""
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
        """Refuse an empty corpus.

        Raises:
            UserError: `missing`, and the most frequent reasons, or `expected` if there are none.
        """
        if len(self):
            return
        reasons = ", ".join(f"{why} ({count})" for why, count in self.dropped.most_common(3))
        why = f"; dropped because: {reasons}" if reasons else expected
        raise UserError(f"{', '.join(map(str, paths))}: {missing}{why}")

    @property
    def lengths(self) -> NDArray[np.int32]:
        """(S,) tokens of each sequence, including end tokens."""
        return np.array(self._lengths, dtype=np.int32)

    def used(self) -> NDArray[np.intp]:
        """The numbers in use, sorted, without that of the end."""
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
        """Divide the sequences; shares of validation and test as in `divide`.

        `renumbered` has the token of each number, see `Numbers`; None: numbers are tokens. `facts`,
        `summary` and `remarks` are those of `Corpus`.
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
    """Pieces of text as numbers, in the order of their first occurrence.

    If `known` is not empty, no other pieces are allowed.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.of_piece = {piece: number for number, piece in enumerate(known)}
        self.is_closed = bool(self.of_piece)

    def strange(self, pieces: Iterable[str]) -> str:
        """The first piece that is not allowed; empty: there is none."""
        if not self.is_closed:
            return ""
        return next((piece for piece in pieces if piece not in self.of_piece), "")

    def __call__(self, pieces: Iterable[str]) -> list[int]:
        """The numbers of some pieces, with the end after them."""
        numbers = self.of_piece
        return [*(numbers.setdefault(piece, len(numbers)) for piece in pieces), _END]

    def renumbered(self, tokens: Sequence[str]) -> NDArray[np.int16]:
        """The place of each number's piece in `tokens`, which the end token follows."""
        places = {token: place for place, token in enumerate(tokens)}
        found = [places.get(piece, -1) for piece in self.of_piece]
        return np.array([*found, len(tokens)], dtype=np.int16)


def _times(tokens: NDArray[np.signedinteger]) -> NDArray[np.intp]:
    """How often each number occurs; the last is that of the end."""
    return np.roll(np.bincount(tokens + 1, minlength=1), _END)
