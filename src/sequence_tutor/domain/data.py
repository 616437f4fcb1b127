"""What a domain exchanges with the rest: training data, statistics, beginnings, wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.estimates import Estimate
from sequence_tutor.sampling.guide import Guide
from sequence_tutor.sequences import SequenceBatch

Progress = Callable[[int, int], None]
"""Called with the units of work done and the total."""

Better = Literal["higher", "lower", "nearer 0"]
"""The direction in which a statistic improves."""

Judge = Callable[[SequenceBatch], Mapping[str, float]]
"""Measures samples of a prior during training: name -> figure."""


@dataclass(frozen=True)
class Figure:
    """How a statistic is shown.

    Attributes:
        better: which direction is an improvement; None: neither.
        share: whether it is a fraction, shown in percent in tables.
        of: what it is a fraction of, if its name does not say so.
        title: of its curve, with the unit.
        header: of its column in comparisons of methods.
    """

    better: Better | None = None
    share: bool = False
    of: str = ""
    title: str = ""
    header: str = ""

    @property
    def unit(self) -> int:
        """The factor by which a table multiplies it."""
        return 100 if self.share else 1


@dataclass(frozen=True)
class TrainingData:
    """Sequences to train a prior on, divided so that no sequence is in two parts.

    Attributes:
        train: token sequences; likewise `validation` and `test`.
        summary: one row for each source and one for all: column -> number, shown to the user.
        skipped: (file, or file and line, reason) of entries that gave no sequence; the first of
            them if there are many.
        dropped: reason -> count of all skipped entries; None: the counts in `skipped`.
        provenance: sources, counts and settings, for the prior's card.
        card: other entries that the card needs for `Domain.with_prior`.
        tensors: stored with the prior's weights, such as fingerprints of `train`.
        judge: measures samples of the prior; None: they are not measured.
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
    """Accumulates a domain's statistics over batches of sampled sequences."""

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""

    def result(self) -> dict[str, Estimate]:
        """Statistic, as tables name it -> its estimate from all batches so far."""


@dataclass(frozen=True)
class Beginning:
    """A sequence from a file, to be continued.

    Attributes:
        tokens: in the frame that `Domain.write` reverses with `settings`.
        settings: output settings, with what the file implies, such as where its bars begin.
        remarks: phrases about what reading changed.
    """

    tokens: Sequence[int]
    settings: Settings
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Limits:
    """What the sequences of a run may be.

    Attributes:
        tokens: that its policy may choose; empty: all.
        settings: output settings under which they are what was asked for.
    """

    tokens: tuple[int, ...]
    settings: Settings


@dataclass(frozen=True)
class Wishes:
    """What sampled sequences are to be, in the words of the user.

    Attributes:
        source: file with the user's own sequence; None: there is none.
        keep: which parts of it are kept; empty: none.
        vary: the share of the rest that is to differ from it; None: as it comes.
        range: of pitches; empty: any.
        scale: that new notes belong to; empty: any.
        chords: that they should fit, or `file` for those of the source; empty: none.
        form: of their sections; empty: any.
        tokens: the user's own sequence where it is in memory, as the model would write it.
    """

    source: Path | None = None
    keep: str = ""
    vary: float | None = None
    range: str = ""
    scale: str = ""
    chords: str = ""
    form: str = ""
    tokens: Sequence[int] = ()

    @property
    def has_own(self) -> bool:
        """Whether there is a sequence of the user's."""
        return self.source is not None or len(self.tokens) > 0

    @property
    def own(self) -> str:
        """What that is called in messages."""
        return "the tune" if self.source is None else str(self.source)


@dataclass(frozen=True)
class Constrained:
    """What `Wishes` come to for a model.

    Attributes:
        guide: leads to sequences that meet them.
        settings: output settings, with what the file implies.
        length: tokens of a sequence.
        remarks: phrases about what reading changed.
        distance: the share of the steps to be written at which each sequence (B,) differs from the
            user's; None: there is no sequence of the user's.
        rules: constants of rules that are rewarded beside those of the model: rule -> table.
    """

    guide: Guide
    settings: Settings
    length: int
    remarks: Sequence[str] = ()
    distance: Callable[[SequenceBatch], Tensor] | None = None
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
