"""What a domain gives and takes beside sequences: data to learn from, statistics, beginnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.estimates import Estimate
from sequence_tutor.sequences import SequenceBatch

Progress = Callable[[int, int], None]
"""Called with the units of work done and of all."""

Better = Literal["higher", "lower", "nearer 0"]
"""Which way a statistic improves."""

Judge = Callable[[SequenceBatch], Mapping[str, float]]
"""Says how good samples of a prior in training are, in figures by name."""


@dataclass(frozen=True)
class Figure:
    """How a statistic is shown.

    Attributes:
        better: which way it improves; None: neither.
        share: whether it is a fraction, which tables show in percent.
        of: what it is a fraction of, where its name says something else.
        title: over its curve, with its unit.
        header: of its column where methods are compared.
    """

    better: Better | None = None
    share: bool = False
    of: str = ""
    title: str = ""
    header: str = ""

    @property
    def unit(self) -> int:
        """What a table multiplies it by."""
        return 100 if self.share else 1


@dataclass(frozen=True)
class TrainingData:
    """Sequences to learn a prior from, divided so that nothing is on two sides.

    Attributes:
        train: sequences of tokens; likewise `validation` and `test`.
        summary: one row a source and one for all: column -> number, as users are shown it.
        skipped: (file, or file and line, reason) of what gave no sequence; where that is much,
            the first of it.
        dropped: reason -> how often, of all of it; None: as often as `skipped` says.
        provenance: what a card says of the data: sources, counts, settings.
        card: what else a card must say, for `Domain.with_prior` to read it there.
        tensors: what is kept beside the weights, such as fingerprints of `train`.
        judge: says how good samples are; None: nothing is said of them.
    """

    train: TokenSequences
    validation: TokenSequences
    test: TokenSequences
    summary: Mapping[str, Mapping[str, float]]
    skipped: Sequence[tuple[str, str]]
    dropped: Mapping[str, int] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    judge: Judge | None = None


class Statistics(Protocol):
    """Gathers a domain's own statistics over batches of sampled sequences."""

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""

    def result(self) -> dict[str, Estimate]:
        """Every statistic so far, under the names of the tables."""


@dataclass(frozen=True)
class Beginning:
    """A sequence of a file that others are to go on from.

    Attributes:
        tokens: in the frame that `Domain.write` undoes under the settings.
        settings: of files, with what the file itself says of them, such as where its bars begin.
        remarks: what reading changed, a phrase each.
    """

    tokens: Sequence[int]
    settings: Settings
    remarks: Sequence[str] = ()
