"""What a domain is: a vocabulary, files in and out, a reward, statistics, and how it shows itself.

Domains are found by the entry point `sequence_tutor.domains`, so that a third party adds one
without touching this package.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from sequence_tutor.config.presets import DOMAINS
from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.domain.collected import Gatherer
from sequence_tutor.domain.data import Beginning, Figure, Progress, Statistics, TrainingData
from sequence_tutor.domain.exhibit import Exhibit, Material, ShownModel, display, exhibit
from sequence_tutor.domain.step_scores import Scored, step_scores, summed
from sequence_tutor.errors import UserError
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import Opens, Spells
from sequence_tutor.sequences import SequenceBatch


class Domain(ABC):
    """One kind of sequence and everything that is particular to it.

    What is abstract, and the attributes without a value, each domain says for itself. The rest
    suits a domain of one vocabulary whose sequences are paid step by step.

    Attributes:
        name: as commands call it.
        vocab_size: V, the end token included.
        length: T, tokens of a sequence unless settings say otherwise.
        end_token: the token that ends a sequence; None: all have T tokens.
        data_settings: of `read_training`; likewise `reward_settings` and `output_settings`.
        note_tokens: tokens that a prior's accuracy is also reported on alone.
        sequences: what several of them are called.
        unit_read: what `read_training` counts.
        figures: how its own statistics are shown; one that is not named is a plain number.
        published: column -> statistic -> value, shown beside.
        computing: settings of the reward that change how it is computed and not what it is.
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
    unit_read: str = "one by one"
    figures: Mapping[str, Figure] = {}
    published: Mapping[str, Mapping[str, float]] = {}
    computing: ClassVar[frozenset[str]] = frozenset()

    # Priors

    @abstractmethod
    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """What tuning begins with where no prior is named.

        Raises:
            UserError: this domain has none.
        """

    @abstractmethod
    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read files, folders and archives to learn a prior from."""

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> Self:
        """The same domain, speaking the vocabulary of a prior; itself where all have one.

        Args:
            card: of the prior.
            tensors: what is kept beside its weights, such as fingerprints of its training data.

        Raises:
            UserError: the card does not tell of one.
        """
        return self

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings of data, as `data_settings` has them, that give them a prior's vocabulary.

        Args:
            card: of a prior that is to be trained further.

        Raises:
            UserError: the card does not tell of a vocabulary.
        """
        return {}

    # Files

    @abstractmethod
    def read_sequences(self, path: Path) -> list[list[int]]:
        """The sequences of one file, as they stand, to be scored."""

    @abstractmethod
    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """Write sequences as files people open: sounds, scores, pictures, lists."""

    def write_rewarded(
        self,
        batch: SequenceBatch,
        directory: Path,
        settings: Settings,
        progress: Progress,
        reward: Callable[[], Reward | None],
    ) -> None:
        """Write sequences, with what a reward says of each where the files have a place for it.

        Where only some are shown, they are the best by it.

        Args:
            batch: as of `write`; likewise `directory`, `settings` and `progress`.
            directory: where to.
            settings: of files.
            progress: is told how far it is.
            reward: gives it, or None where it cannot be had.
        """
        self.write(batch, directory, settings, progress)

    def reading(
        self, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Domain:
        """The same domain, reading files so.

        Args:
            column: of tables, the one with the sequences; None: the one whose name says so.
            standardise: which part of what is written is meant; None: as is usual for the purpose.
            remark: told in a sentence what a user should know, such as what was left out.

        Raises:
            UserError: something is asked of a domain whose files leave no choice.
        """
        for name, value in (("--column", column), ("--standardise", standardise)):
            if value is not None:
                raise UserError(f"{name} is of molecules, not of {self.name}")
        return self

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first sequence of a file, to go on from, and what that makes of the settings.

        Raises:
            UserError: there is none.
        """
        for tokens in self.read_sequences(path):
            ended = tokens[-1:] == [self.end_token]
            return Beginning(tokens[:-1] if ended else tokens, settings)
        raise UserError(f"{path}: no sequence in it, expected one to begin with")

    def framed(self, reward: Settings) -> Domain:
        """The same domain in the frame, such as a key, of a run tuned by a reward of settings."""
        return self

    def recorded(self, output: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the settings of files that a run recorded still mean; JSON."""
        return {}

    def check_output(self, settings: Settings) -> Sequence[str]:
        """Refuse settings of files that cannot be met in this frame, before any work.

        Returns:
            What is met otherwise than one may expect, a sentence each.

        Raises:
            UserError: it says why.
        """
        return ()

    # Reward

    @abstractmethod
    def reward(self, settings: Settings, rules: Path | None) -> Reward:
        """The reward that settings describe, with the rules of a user's file: (B, T, R)."""

    def computed_here(self, settings: Settings) -> Settings:
        """The settings of the same reward, computed in this process alone."""
        return settings

    def shown_to_functions(self, batch: SequenceBatch) -> object:
        """What a reward that is a function in memory is given of a batch; as rules see it."""
        return batch

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
        return None

    def speller(self) -> Spells | None:
        """What spells sequences in other ways; None: each has one spelling."""
        return None

    def opener(self) -> Opens | None:
        """What says how sequences begin; None: it is not watched."""
        return None

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
        reward = self.reward(settings, rules)
        return step_scores(reward, (row for path in paths for row in self.read_sequences(path)))

    def score_row(self, scored: Scored) -> dict[str, str]:
        """One of the `scores` as the cells of a table, column by column."""
        return summed(scored)

    def score_writer(self, path: Path) -> AbstractContextManager[Callable[[Scored], None]]:
        """What writes scores, one after the other, into a file that other programs open.

        Raises:
            UserError: the name of the file says no kind that can be written.
        """
        raise UserError(
            f"{path}: scores of {self.name} are written as JSON lines, expected a name that ends "
            "in .jsonl"
        )

    # Looks

    @abstractmethod
    def statistics(self, settings: Settings) -> Statistics:
        """An empty set of statistics, in the key or other frame of the reward's settings."""

    def token_text(self, token: int) -> str:
        """How a token is shown, such as a character; its number where nothing better is known."""
        return f"{token} "

    def exhibit(self, shown: Material) -> Exhibit:
        """What a report shows of models: pictures, sounds; else lines with what was paid for."""
        return exhibit(shown)

    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> str:
        """What a notebook shows of sequences that a model wrote, as HTML; escape what it holds.

        Args:
            model: what wrote them.
            batch: all of them; to show some is enough.
            settings: of files.
        """
        return display(model, batch)

    def report_samples(self, models: int) -> int:
        """Samples of each of so many models, so that a report is made in seconds."""
        return 2_000


def find_domain(name: str) -> Domain:
    """The domain of that name.

    Raises:
        UserError: no installed package offers it, or what it offers is no domain.
    """
    offered = {point.name: point for point in entry_points(group=DOMAINS)}
    if name not in offered:
        raise UserError(f"unknown domain {name!r}: {nearest(name, offered)}")
    kind = offered[name].load()
    if not (isinstance(kind, type) and issubclass(kind, Domain)):
        raise UserError(
            f"{name}: {offered[name].value} is no domain, expected a class that inherits "
            "sequence_tutor.domain.Domain"
        )
    if missing := sorted(kind.__abstractmethods__):
        raise UserError(f"{name}: {kind.__name__} lacks {', '.join(missing)}")
    return kind()
