"""The effective weights of a reward in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch

from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import Reweighted


@runtime_checkable
class Describes(Protocol):
    """A reward whose weights do not tell how it is made, such as a mean of several terms."""

    def describe(self) -> str:
        """How it is made, in the words of `weights_in_words`."""


def effective_weights(reward: Reward) -> str:
    """What a reward pays for, such as `reward: tonic 3, leap 1`; never more than one line."""
    if isinstance(reward, Reweighted) and torch.equal(reward.weights, reward.reward.weights):
        return effective_weights(reward.reward)
    if isinstance(reward, Describes):
        return f"reward: {reward.describe()}"
    weights = zip(reward.names, reward.weights.tolist(), strict=True)
    return f"reward: {weights_in_words(dict(weights))}"


def weights_in_words(weights: Mapping[str, float]) -> str:
    """`tonic 3, leap 1`: what has a weight of 0 is left out."""
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items() if weight)
