"""The domain `molecule`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings, of_kind
from sequence_tutor.domain import (
    Beginning,
    Domain,
    Exhibit,
    Material,
    Progress,
    ShownModel,
    TrainingData,
)
from sequence_tutor.domain.rows import Rows
from sequence_tutor.execution.registry import find_executor
from sequence_tutor.molecule.measuring import Measuring
from sequence_tutor.molecule.published import PUBLISHED
from sequence_tutor.molecule.reading.beginnings import first_molecule, read_seeds
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.reading.entry import Choice
from sequence_tutor.molecule.run_support import MoleculeRunSupport
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.score_files import score_writer
from sequence_tutor.molecule.scoring.score_lines import ScoredLine, score_line_row, score_lines
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.statistics import (
    FIGURES,
    LikenessToMolecules,
    MoleculeStatistics,
)
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.molecule.training import known_molecules, read_training_data
from sequence_tutor.molecule.writing.output import MoleculeOutputSettings, write_scored
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.sequences import SequenceBatch

LONGEST = 120
"""Most tokens of a molecule, without the end token, unless the prior's card says otherwise."""


class MoleculeDomain(MoleculeRunSupport, Domain):
    """SMILES strings, each ended by an end token.

    Args:
        card: of a prior, with facts about its training data under `molecule`; None: no prior, and
            the broad vocabulary.
        tensors: stored beside the prior's weights.
        choice: how files are read.
        executor: name of the one that scores; None: none was asked for.

    Attributes:
        measuring: makes the statistics and the rows.
    """

    name = "molecule"
    sequences = "molecules"
    real = "real molecules"
    unit_read = "kB"
    data_settings: type[Settings] = MoleculeDataSettings
    reward_settings: type[Settings] = MoleculeRewardSettings
    output_settings: type[Settings] = MoleculeOutputSettings
    figures = FIGURES
    published = PUBLISHED
    computing = frozenset({"workers", "cache", "store"})

    def __init__(
        self,
        card: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Tensor] | None = None,
        choice: Choice | None = None,
        executor: str | None = None,
    ) -> None:
        self.choice, self._executor = choice or Choice(), executor
        self.vocabulary = Vocabulary.from_card(card) if card is not None else Vocabulary.broad()
        self.training: Mapping[str, Any] = {} if card is None else card["molecule"]
        self.tensors = tensors or {}
        hashes = known_molecules(card, self.tensors)
        self.measuring = Measuring(self.vocabulary, hashes, self.tensors)
        self.vocab_size = self.vocabulary.size
        self.end_token: int | None = self.vocabulary.end_token
        self.length = int(self.training.get("longest", LONGEST)) + 1

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> MoleculeDomain:
        """The domain with a prior's vocabulary and the limits of its training data."""
        return MoleculeDomain(card, tensors, self.choice, self._executor)

    def reading(
        self, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> MoleculeDomain:
        """The domain that reads this column of tables and standardises molecules so."""
        other = copy(self)
        other.choice = Choice.checked(column, standardise, remark)
        return other

    def executed_by(self, executor: str | None) -> MoleculeDomain:
        """The domain whose molecules are scored by this executor."""
        if executor is None:
            return self
        find_executor(executor)
        other = copy(self)
        other._executor = executor
        return other

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its tokeniser and its tokens."""
        vocabulary = Vocabulary.from_card(card)
        return {"tokeniser": vocabulary.tokeniser, "vocabulary": vocabulary.tokens}

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """The shipped prior `molecule`."""
        return shipped_prior(self.name, device)

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read lists, tables and SD files; all rows of one molecule are on one side."""
        chosen = of_kind(MoleculeDataSettings, settings)
        return read_training_data(self.name, paths, chosen, cache, progress)

    def read_sequences(self, path: Path) -> list[list[int]]:
        """The molecules of a file that the prior can generate, see `read_seeds`."""
        return read_seeds(path, self.vocabulary, self.length, self.choice)

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first SMILES of a file, or the beginning of one, without an end token.

        Sampling continues after its last atom: after the nitrogen of `c1ccc(cc1)C(=O)N`. A
        beginning may leave branches and rings open.

        Raises:
            UserError: there is none, no molecule can begin so, or it has an unknown token.
        """
        tokens = self.vocabulary.encode(first_molecule(path, self.choice), end=False)
        return Beginning(tokens, settings)

    def reward(self, settings: Settings, rules: Path | None) -> MoleculeReward:
        """The terms of the settings and of a user's file."""
        user_terms = load_user_terms(rules) if rules else ()
        chosen = of_kind(MoleculeRewardSettings, settings)
        return chosen.build(self.vocabulary, self.training, user_terms, self._executor)

    def computed_here(self, settings: Settings) -> Settings:
        """Without workers, unless an executor was asked for: they take long to start."""
        return settings if self._executor else settings.model_copy(update={"workers": 0})

    def shown_to_functions(self, batch: SequenceBatch) -> list[str]:
        """The SMILES."""
        return [self.vocabulary.decode(tokens) for tokens in batch.to_lists()]

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[ScoredLine]:
        """Every term and the total of each line; tokens may be unknown to the prior."""
        reward = self.reward(settings, rules)
        return score_lines(reward, paths, self.vocabulary.tokeniser, self.choice)

    def scores_of_part(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None, part: int, parts: int
    ) -> Generator[tuple[int, ScoredLine], None, None]:
        """Of each `parts` lines of a file one, with its place in that file from 0."""
        reward = self.reward(settings, rules)
        for path in paths:
            own = score_lines(reward, [path], self.vocabulary.tokeniser, self.choice, (part, parts))
            for turn, line in enumerate(own):
                yield part + turn * parts, line

    def score_writer(
        self, path: Path, settings: Settings
    ) -> AbstractContextManager[Callable[[ScoredLine], None]]:
        """Writes a table, structures or a list, with the names and columns that were read."""
        chosen = of_kind(MoleculeOutputSettings, settings)
        return score_writer(path, reinvent=chosen.reinvent)

    def score_row(self, scored: ScoredLine) -> dict[str, str]:
        """SMILES, whether it is valid, terms and total."""
        return score_line_row(scored)

    def statistics(self, settings: Settings) -> MoleculeStatistics:
        """The rows of Table 2, compared with the prior's training and test data."""
        chosen = of_kind(MoleculeRewardSettings, settings)
        return self.measuring.statistics(chosen, self._executor)

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """Those of Table 2, those that are named, and the means of the reward's terms."""
        chosen = of_kind(MoleculeRewardSettings, settings)
        return self.measuring.rows(chosen, self._executor, reward, names)

    def likeness(self, real: SequenceBatch, settings: Settings) -> LikenessToMolecules:
        """Similarity to the nearest, and of scaffolds."""
        return LikenessToMolecules(self.vocabulary, real)

    def token_text(self, token: int) -> str:
        """The token as SMILES write it."""
        return self.vocabulary.tokens[token]

    def exhibit(self, shown: Material) -> Exhibit:
        """The best structures, a random sample, a table, histograms of properties."""
        from sequence_tutor.molecule.exhibit import exhibit

        return exhibit(shown)

    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> str:
        """The best structures, a random sample and a table."""
        from sequence_tutor.molecule.exhibit import display

        return display(model, batch)

    def report_samples(self, models: int) -> int:
        """At most 400, and at most 880 for all models together."""
        return min(400, 880 // models)

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """A list, a table with the terms of Table 2, structures and pictures."""
        self.write_rewarded(batch, directory, settings, progress, lambda: None)

    def write_rewarded(
        self,
        batch: SequenceBatch,
        directory: Path,
        settings: Settings,
        progress: Progress,
        reward: Callable[[], Reward | None],
    ) -> None:
        """The same, with the total and the terms of a reward before those of Table 2.

        The best molecules are those of the highest total, unless the settings name a term.
        """
        chosen = of_kind(MoleculeOutputSettings, settings)
        scorer, vocabulary = self.measuring.scorer_here, self.vocabulary
        write_scored(batch, vocabulary, scorer, reward(), directory, chosen, progress)
