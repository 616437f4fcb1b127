"""What domains share whose sequences are paid step by step and that keep nothing during a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from sequence_tutor.collected import Gatherer
from sequence_tutor.config.settings import Settings
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.step_scores import Scored, step_scores, summed


class StepDomain(ABC):
    """The part of `domain.Domain` that follows from its reward and its way to read files."""

    @abstractmethod
    def read_sequences(self, path: Path) -> list[list[int]]:
        """The sequences of a file, in tokens."""

    @abstractmethod
    def reward(self, settings: Settings, rules: Path | None) -> Reward:
        """What each term pays at each step, (B, T, R)."""

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> Self:
        """Itself: all priors have one vocabulary."""
        return self

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing: data and priors have one vocabulary."""
        return {}

    def gatherer(
        self, directory: Path, reward: Reward, settings: Settings, resumed: bool
    ) -> Gatherer | None:
        """None: sequences are sampled afterwards."""
        return None

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[Scored]:
        """What every term pays at every step, file by file, see `step_scores`."""
        reward = self.reward(settings, rules)
        return step_scores(reward, (row for path in paths for row in self.read_sequences(path)))

    def score_row(self, scored: Scored) -> dict[str, str]:
        """What each term pays in all, multiplied by its weight."""
        return summed(scored)
