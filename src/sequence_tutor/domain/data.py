"""What a domain exchanges with the rest: training data, statistics, beginnings, collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.estimates import Estimate
from sequence_tutor.prior.protocol import Prior
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


@dataclass(frozen=True)
class Scaffold:
    """Design around a part: something is to be at each of its open points.

    Attributes:
        part: in the words of the user, such as `[*]c1ccncc1`.
    """

    part: str


@dataclass(frozen=True)
class Ends:
    """Design between two ends.

    Attributes:
        parts: both in the words of the user, such as `[*]c1ccncc1.[*]N1CCOCC1`.
    """

    parts: str


@dataclass(frozen=True)
class Near:
    """Design what resembles a whole sequence.

    Attributes:
        lead: that sequence, in the words of the user.
        similarity: to it, lowest and highest.
    """

    lead: str
    similarity: tuple[float, float] = (0.5, 0.7)


Around = Scaffold | Ends | Near
"""What sequences are designed around."""


@dataclass(frozen=True)
class Draws:
    """What a `Designer` is to draw, and from what.

    Attributes:
        policy: writes.
        prior: says how likely what is given can be written in one way or another.
        count: draws.
        generator: source of all randomness.
        temperature: divides log pi.
    """

    policy: Prior
    prior: Prior
    count: int
    generator: torch.Generator
    temperature: float = 1.0


@dataclass(frozen=True)
class Designed:
    """What a `Designer` wrote at a time; the same sequence may come several times.

    Attributes:
        tokens: of each sequence.
        facts: of each, by name, such as the groups at its points; JSON.
        drawn: how many were tried.
        dropped: reason -> how many of them are not among the sequences.
    """

    tokens: Sequence[list[int]]
    facts: Sequence[Mapping[str, Any]]
    drawn: int
    dropped: Mapping[str, int]


class Designer(Protocol):
    """Writes sequences around what a user gave; may remember what it wrote."""

    def write(self, draws: Draws) -> Designed:
        """Sequences from so many draws."""

    def numbers(self, tokens: list[int]) -> Mapping[str, float]:
        """What tables show of one of its sequences: name -> number."""


@dataclass(frozen=True)
class Collected:
    """Sequences that a run sampled and is about to store in replay.

    Attributes:
        step: number of updates made before.
        batch: the sequences.
        terms: (B, T, R) unscaled rewards, computed before the reward remembered this batch.
        log_prior: (B,) log p(x) of whole sequences under the prior, in nats.
        log_policy: (B,) log pi(x) under the policy at that time, regardless of exploration.
    """

    step: int
    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor
    log_policy: Tensor


class Gatherer(Protocol):
    """Stores what a run samples, for example as a table of molecules.

    A run that is killed continues from its last checkpoint: `state` is restored first, and what was
    written after that checkpoint is gathered again.
    """

    def gather(self, collected: Collected) -> None:
        """Store a batch."""

    def state(self) -> dict[str, Tensor]:
        """The state to resume from; everything gathered so far is on disk when it returns."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Return to a saved state."""

    def close(self) -> None:
        """Called when the run ends or is stopped."""
