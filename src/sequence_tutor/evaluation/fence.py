"""How many samples are outside the fence that a run was tuned with, and what those inside score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from sequence_tutor.estimates import Estimate, Mean, Proportion
from sequence_tutor.evaluation.model import Model
from sequence_tutor.sampling.measure import Measured, Task
from sequence_tutor.tuner.fence import Fence
from sequence_tutor.tuner.fenced import fenced
from sequence_tutor.tuner.settings import TuneSettings


class FenceStatistics:
    """Gathers samples of one model.

    - `outside_fence`: the share of the samples that are outside.
    - `reward_inside`: the mean reward of those that are inside. Beside a model tuned without the
      fence, its reward minus this is what the fence costs.

    Args:
        fence: says which are inside.
        weights: (R,) of the reward's terms.
    """

    def __init__(self, fence: Fence, weights: Tensor) -> None:
        self._fence, self._weights = fence, weights
        self._outside, self._reward = Proportion(), Mean()

    def update(self, measured: Measured) -> None:
        """Add a batch."""
        inside = self._fence.inside(measured.batch)
        self._outside.update(~inside)
        rewards = (measured.terms @ self._weights.to(measured.terms)).sum(1)
        self._reward.update(rewards[inside])

    def result(self) -> dict[str, Estimate]:
        """Both so far."""
        return {
            "outside_fence": self._outside.estimate(),
            "reward_inside": self._reward.estimate(),
        }


def fence_of(models: Sequence[Model]) -> Fence | None:
    """The fence of the first model that was tuned with one.

    All models are judged by it: by its own prior, and with percentiles of that.
    """
    for model in models:
        if model.tune is not None and model.tune.fence.is_on:
            task = replace(model.task, speller=model.domain.speller())
            return Fence(task, model.tune.fence, model.domain.numbers)
    return None


def behind_fence(model: Model, task: Task, tune: TuneSettings) -> Task:
    """The task as it is tuned on with the fence of these settings."""
    spelled = replace(task, speller=model.domain.speller())
    return fenced(spelled, tune, model.domain.numbers)
