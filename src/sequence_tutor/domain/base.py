"""The `Domain` class: vocabulary, files, reward, statistics and display of one kind of sequence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.data import (
    Beginning,
    Figure,
    Progress,
    Statistics,
    TrainingData,
)
from sequence_tutor.domain.exhibit import Exhibit, Material, ShownModel, display, exhibit
from sequence_tutor.domain.rows import RewardRows, Rows
from sequence_tutor.domain.run_support import RunSupport
from sequence_tutor.domain.step_scores import Scored, step_scores, summed
from sequence_tutor.errors import UserError, shown
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch


class Domain(RunSupport, ABC):
    """One kind of sequence and everything specific to it.

    A domain defines the abstract methods and the attributes without a value. The defaults of the
    rest suit a domain with one fixed vocabulary and a reward for every token.

    Attributes:
        name: used in commands.
        vocab_size: V, including the end token.
        length: T, the default number of tokens of a sequence.
        end_token: the token that ends a sequence; None: all have T tokens.
        data_settings: settings of `read_training`.
        reward_settings: settings of `reward`.
        output_settings: settings of the files that `write` writes.
        note_tokens: tokens whose prediction accuracy a prior also reports separately.
        sequences: the plural noun for its sequences.
        real: the same for those of people or nature, beside sampled ones.
        unit_read: the unit in which `read_training` reports progress.
        figures: statistic -> how it is shown; others are plain numbers.
        published: column -> statistic -> published value, shown for comparison.
        computing: reward settings that change how it is computed but not its values.
        executes_rules_alone: whether an executor computes the rules of a user's file and no more.
    """

    name: str
    vocab_size: int
    length: int
    end_token: int | None
    data_settings: type[Settings]
    reward_settings: type[Settings]
    output_settings: type[Settings] = Settings
    note_tokens: tuple[int, ...] = ()
    sequences: str = "sequences"
    real: str = "real sequences"
    unit_read: str = "one by one"
    figures: Mapping[str, Figure] = {}
    published: Mapping[str, Mapping[str, float]] = {}
    computing: ClassVar[frozenset[str]] = frozenset()
    executes_rules_alone: bool = False

    # Priors

    @abstractmethod
    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """The prior that tuning starts from if none is named.

        Raises:
            UserError: this domain has none.
        """

    @abstractmethod
    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read files, folders and archives to train a prior on."""

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> Self:
        """This domain with the vocabulary of a prior; itself if all priors share one.

        `tensors` are stored with the prior's weights, such as fingerprints of its training data.

        Raises:
            UserError: the card does not describe a vocabulary.
        """
        return self

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values of `data_settings` that encode data in the vocabulary of a prior.

        Raises:
            UserError: the card does not describe a vocabulary.
        """
        return {}

    # Files

    @abstractmethod
    def read_sequences(self, path: Path) -> list[list[int]]:
        """The sequences of one file, unchanged, to be scored."""

    @abstractmethod
    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """Write sequences as files for people: sounds, scores, pictures, lists."""

    def write_rewarded(
        self,
        batch: SequenceBatch,
        directory: Path,
        settings: Settings,
        progress: Progress,
        reward: Callable[[], Reward | None],
    ) -> None:
        """Write sequences as `write` does and, where the files have a place for it, their rewards.

        If the files show only some of the sequences, they show those with the highest reward.
        `reward` returns the reward, or None if it is not available.
        """
        self.write(batch, directory, settings, progress)

    def reading(
        self, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Domain:
        """This domain with other options for reading files.

        `column` has the sequences of a table (None: choose it by its name); `standardise` is the
        part of an entry to use; `remark` is called with sentences for the user.

        Raises:
            UserError: the domain does not have this option.
        """
        for name, value in (("--column", column), ("--standardise", standardise)):
            if value is not None:
                raise UserError(f"{name} is of molecules, not of {self.name}")
        return self

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first sequence of a file, to be continued, and the settings it implies.

        Raises:
            UserError: the file has no sequence.
        """
        for tokens in self.read_sequences(path):
            ended = tokens[-1:] == [self.end_token]
            return Beginning(tokens[:-1] if ended else tokens, settings)
        raise UserError(f"{path}: no sequence in it, expected one to begin with")

    def framed(self, reward: Settings) -> Domain:
        """This domain in the frame, such as a musical key, that a run's reward settings imply."""
        return self

    def recorded(self, output: Mapping[str, Any]) -> Mapping[str, Any]:
        """The output settings recorded by a run that are still valid (JSON)."""
        return {}

    def check_output(self, settings: Settings) -> Sequence[str]:
        """Refuse, before any work, output settings that are impossible in this frame.

        Returns sentences about settings that are applied differently than one may expect.

        Raises:
            UserError: with the reason.
        """
        return ()

    # Reward

    @abstractmethod
    def reward(self, settings: Settings, rules: Path | None) -> Reward:
        """The reward that the settings describe, with the rules of a user's file: (B, T, R)."""

    def computed_here(self, settings: Settings) -> Settings:
        """Settings of the same reward, computed in this process only."""
        return settings

    def executed_by(self, executor: str | None) -> Domain:
        """This domain with its sequences scored by an executor, where it can use one.

        Args:
            executor: its name; None: none was asked for.

        Raises:
            UserError: there is no such executor, or the domain cannot use any.
        """
        if executor is not None:
            raise UserError(
                f"executor is {shown(executor)}, but {self.sequences} are scored in this process, "
                "where no executor plays a part; leave it out"
            )
        return self

    def shown_to_functions(self, batch: SequenceBatch) -> object:
        """The view of a batch that a reward function in memory receives, as rules do."""
        return batch

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[Scored]:
        """The reward's terms for each sequence of some files, in order.

        Files are read lazily, so that memory use does not grow.

        Raises:
            UserError: a file, or an entry in it, is not a sequence.
        """
        reward = self.reward(settings, rules)
        return step_scores(reward, (row for path in paths for row in self.read_sequences(path)))

    def score_row(self, scored: Scored) -> dict[str, str]:
        """One of the `scores` as the cells of a table: column -> text."""
        return summed(scored)

    def score_writer(
        self, path: Path, settings: Settings
    ) -> AbstractContextManager[Callable[[Scored], None]]:
        """Opens a file for scores; the function it gives writes them one by one.

        Args:
            path: of the file.
            settings: `output_settings`, as the table output of a settings file has them.

        Raises:
            UserError: the file name has an unsupported ending.
        """
        raise UserError(
            f"{path}: scores of {self.name} are written as JSON lines, expected a name that ends "
            "in .jsonl"
        )

    # Looks

    @abstractmethod
    def statistics(self, settings: Settings) -> Statistics:
        """New, empty statistics, in the frame (such as the key) of the reward's settings."""

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """Rows of the tables, counted for each sequence; aims can refer to them.

        The reward's terms are rows too. `names` are the rows wanted, also ones that no table has (a
        window of a descriptor); unknown ones are ignored. None: all rows of the tables.

        Raises:
            UserError: one of the names has the form of a row but is not valid.
        """
        return RewardRows(reward, names)

    def likeness(self, real: SequenceBatch, settings: Settings) -> Statistics | None:
        """Statistics of the similarity to real sequences, such as held-out data, if any."""
        return None

    def token_text(self, token: int) -> str:
        """How a token is shown, such as a character; by default its number."""
        return f"{token} "

    def token_facts(self) -> Mapping[str, Any]:
        """What an exported model says of its tokens, as JSON: their names, by their numbers."""
        ends = {self.end_token: "end"}
        every = range(self.vocab_size)
        return {"tokens": [ends.get(token) or self.token_text(token) for token in every]}

    def exhibit(self, shown: Material) -> Exhibit:
        """What a report shows of models; by default lines with the reward of each token."""
        return exhibit(shown)

    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> str:
        """What a notebook shows of a model's sequences, as HTML with untrusted text escaped."""
        return display(model, batch)

    def report_samples(self, models: int) -> int:
        """Samples of each of `models` models such that a report takes seconds."""
        return 2_000
