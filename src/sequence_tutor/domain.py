"""What a domain must offer: a vocabulary, files in and out, rewards, statistics.

Domains are found by the entry point `sequence_tutor.domains`, so that a third party adds one
without touching this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.collected import Gatherer
from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.step_scores import Scored
from sequence_tutor.token_sequences import TokenSequences

Progress = Callable[[int, int], None]
"""Called with the units of work done and of all."""

Better = Literal["higher", "lower", "nearer 0"]
"""Which way a statistic improves."""

Judge = Callable[[SequenceBatch], Mapping[str, float]]
"""Says how good samples of a prior in training are, in figures by name."""


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


class Domain(Protocol):
    """One kind of sequence and everything that is particular to it."""

    name: str
    vocab_size: int
    length: int  # T, tokens of a sequence unless settings say otherwise
    end_token: int | None
    note_tokens: tuple[int, ...]  # tokens that accuracy is also reported on alone
    data_settings: type[Settings]
    reward_settings: type[Settings]
    output_settings: type[Settings]
    shares: frozenset[str]  # statistics that are fractions, shown in percent
    better: Mapping[str, Better]  # statistic -> which way it improves; not all of them have one
    published: Mapping[str, Mapping[str, float]]  # column -> statistic -> value

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> Domain:
        """The same domain, speaking the vocabulary of a prior.

        Args:
            card: of the prior.
            tensors: what is kept beside its weights, such as fingerprints of its training data.

        Raises:
            UserError: the card does not tell of one.
        """

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings of data, as `data_settings` has them, that give them a prior's vocabulary.

        Args:
            card: of a prior that is to be trained further.

        Raises:
            UserError: the card does not tell of a vocabulary.
        """

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """What tuning begins with where no prior is named.

        Raises:
            UserError: this domain has none.
        """

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read files, folders and archives to learn a prior from."""

    def read_sequences(self, path: Path) -> list[list[int]]:
        """The sequences of one file, as they stand, to be scored."""

    def read_prime(self, path: Path, settings: Settings) -> list[int]:
        """The first sequence of a file, to go on from, in the frame that `write` undoes."""

    def reward(self, settings: Settings, rules: Path | None) -> Reward:
        """The reward that settings describe, with the rules of a user's file."""

    def gatherer(
        self, directory: Path, reward: Reward, settings: Settings, resumed: bool
    ) -> Gatherer | None:
        """What keeps the sequences that a run finds.

        Args:
            directory: the run's folder.
            reward: what they are scored with.
            settings: of files, `output_settings`.
            resumed: whether the run goes on from a checkpoint, whose state will be restored.

        Returns:
            None where this domain keeps none.
        """

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[Scored]:
        """What the reward's terms say of each sequence of some files, in order.

        Files are read as the scores are taken, so that memory stays flat.

        Args:
            paths: the files.
            settings: of the reward.
            rules: the user's own.

        Raises:
            UserError: a file, or something in it, is no sequence.
        """

    def score_row(self, scored: Scored) -> dict[str, str]:
        """One of the `scores` as the cells of a table, column by column."""

    def statistics(self, settings: Settings) -> Statistics:
        """An empty set of statistics, in the key or other frame of the reward's settings."""

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """Write sequences as files people open: sounds, scores, pictures, lists."""


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


@runtime_checkable
class Framed(Protocol):
    """A domain whose sequences stand in a frame, such as a key, that a run knows; domains may."""

    def framed(self, reward: Settings) -> Domain:
        """The same domain in the frame of a run that was tuned by a reward of these settings."""

    def recorded(self, output: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the settings of files that a run recorded still mean; JSON."""

    def check_output(self, settings: Settings) -> Sequence[str]:
        """Refuse settings of files that cannot be met in this frame, before any work.

        Returns:
            What is met otherwise than one may expect, a sentence each.

        Raises:
            UserError: it says why.
        """

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first sequence of a file, to go on from, and what that makes of the settings.

        Raises:
            UserError: as of `Domain.read_prime`.
        """


def framed(domain: Domain, reward: Settings) -> Domain:
    """A domain in the frame of a run's reward, where it has frames; else as it is."""
    return domain.framed(reward) if isinstance(domain, Framed) else domain


def begin(domain: Domain, path: Path, settings: Settings) -> Beginning:
    """What a file gives to go on from, whatever the domain tells of it."""
    if isinstance(domain, Framed):
        return domain.begin(path, settings)
    return Beginning(domain.read_prime(path, settings), settings)


@runtime_checkable
class WritesRewarded(Protocol):
    """A domain whose files say what sequences are worth, term by term."""

    def write_rewarded(
        self,
        batch: SequenceBatch,
        directory: Path,
        settings: Settings,
        progress: Progress,
        reward: Reward,
    ) -> None:
        """Write sequences as `Domain.write` does, with what a reward says of each.

        Where only some are shown, they are the best by it.
        """


def find_domain(name: str) -> Domain:
    """The domain of that name.

    Raises:
        UserError: no installed package offers it.
    """
    offered = {point.name: point for point in entry_points(group="sequence_tutor.domains")}
    if name not in offered:
        raise UserError(f"unknown domain {name!r}: {nearest(name, offered)}")
    domain: Domain = offered[name].load()()
    return domain
