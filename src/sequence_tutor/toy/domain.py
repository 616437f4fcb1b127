"""The toy problem as a domain: the least that a domain can be, and an example of one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, Progress, TrainingData
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION, divide
from sequence_tutor.domain.rows import JoinedRows, RewardRows, Rows, row_numbers
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.token_lines import read_token_lines, write_json_lines
from sequence_tutor.toy.problem import ToyReward, make_toy
from sequence_tutor.toy.rows import ToyRows


class ToyDataSettings(Settings):
    """How lines of tokens are divided."""

    validation: float = Field(0.1, gt=0, lt=0.5, description="share of sequences to stop by")
    test: float = Field(0.1, gt=0, lt=0.5, description="share of sequences to report on")


class ToyRewardSettings(Settings):
    """The random reward."""

    seed: int = Field(0, ge=0, description="seed of its numbers")
    terminal: bool = Field(False, description="whether only the last token is paid")


class ToyStatistics:
    """A domain without statistics of its own."""

    def update(self, batch: SequenceBatch) -> None:
        """Nothing to count."""

    def result(self) -> dict[str, Estimate]:
        """Nothing counted."""
        return {}


class ToyDomain(Domain):
    """Six tokens of a vocabulary of four."""

    name = "toy"
    vocab_size = 4
    length = 6
    end_token: int | None = None
    data_settings: type[Settings] = ToyDataSettings
    reward_settings: type[Settings] = ToyRewardSettings

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """The random prior of the toy problem with seed 0."""
        network = make_toy(0, vocab_size=self.vocab_size, length=self.length).prior.network
        return StoredPrior(NeuralPrior(network.to(device)), self.name)

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read JSON lines of tokens; equal sequences are on one side of the division."""
        assert isinstance(settings, ToyDataSettings)
        found: list[list[int]] = []
        for done, path in enumerate(paths, start=1):
            found += self.read_sequences(path)
            progress(done, len(paths))
        places = [hashlib.sha256(bytes(tokens)).digest()[0] / 256 for tokens in found]
        sides = torch.from_numpy(divide(np.array(places), settings.validation, settings.test))
        everything = TokenSequences(found)
        return TrainingData(
            everything.select(sides == TRAIN),
            everything.select(sides == VALIDATION),
            everything.select(sides == TEST),
            summary={"all": {"sequences": len(found)}},
            skipped=[],
        )

    def read_sequences(self, path: Path) -> list[list[int]]:
        """The sequences of a file of JSON lines."""
        return read_token_lines(path, self.vocab_size, self.length)

    def reward(self, settings: Settings, rules: Path | None) -> ToyReward:
        """Random payments.

        Raises:
            UserError: rules of the user's own were given.
        """
        assert isinstance(settings, ToyRewardSettings)
        if rules is not None:
            raise UserError(f"{rules}: the toy domain takes no rules of one's own")
        generator = torch.Generator().manual_seed(settings.seed)
        return ToyReward(self.vocab_size, self.length, generator, terminal=settings.terminal)

    def properties(
        self, given: int = 0
    ) -> Mapping[str, Callable[[SequenceBatch], Sequence[Hashable]]]:
        """The first two tokens."""
        return {"distinct_pairs": lambda batch: list(map(tuple, batch.tokens[:, :2].tolist()))}

    def numbers(self, names: Collection[str]) -> Mapping[str, Callable[[SequenceBatch], Tensor]]:
        """Those of the rows."""
        return row_numbers(ToyRows(self.vocab_size), names)

    def statistics(self, settings: Settings) -> ToyStatistics:
        """None of its own."""
        return ToyStatistics()

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """Shares of tokens, and the terms."""
        return JoinedRows(ToyRows(self.vocab_size), RewardRows(reward, names))

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """One file of JSON lines."""
        lines = ({"tokens": tokens} for tokens in batch.to_lists())
        write_json_lines(directory / "sequences.jsonl", lines)
