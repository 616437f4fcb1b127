"""Statistics that a reward itself has of sampled sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sequence_tutor.domain import Better
from sequence_tutor.estimates import Estimate, Mean, times
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import explaining
from sequence_tutor.sequences import SequenceBatch


class TermStatistics:
    """Gathers the means of the numbers from which a reward's terms are computed.

    `mean_NAME` is the mean of a term's number before any transform, `mean_NAME_score` after it,
    over the sequences that have one. A reward without `explain` has none.
    """

    def __init__(self, reward: Reward) -> None:
        self._reward = explaining(reward)
        self._means: dict[str, Mean] = {}

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        if self._reward is None:
            return
        for name, values in self._reward.explain(batch).items():
            mean = self._means.setdefault(name, Mean())
            mean.update(values[~values.isnan()])

    def result(self) -> dict[str, Estimate]:
        """Every mean so far."""
        return {f"mean_{name}": mean.estimate() for name, mean in self._means.items()}


def directions(reward: Reward) -> Mapping[str, Better | None]:
    """Statistic -> direction in which this reward improves it; None: neither."""
    found = explaining(reward)
    return {} if found is None else found.better


def weighted_parts(
    statistics: Mapping[str, Estimate], names: Sequence[str], weights: Sequence[float]
) -> dict[str, Estimate]:
    """`reward_NAME` of every term, times its weight, so that they add up to the reward."""
    return {
        name: times(statistics[name], weight)
        for name, weight in zip((f"reward_{name}" for name in names), weights, strict=True)
    }
