"""Which stored sequences an update learns from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sequence_tutor.replay.sequences import SequenceReplay


@dataclass(frozen=True)
class Drawn:
    """What an update learns from.

    Attributes:
        places: (B,) int64 in replay.
        weights: (B,) float32: how much each counts in the loss; 1 where nothing is to be corrected.
        steps: (B,) int64: the one step that each was drawn for; None: all of its steps.
    """

    places: Tensor
    weights: Tensor
    steps: Tensor | None = None

    def __add__(self, other: Drawn) -> Drawn:
        """Both, one after the other; either both have steps or none has."""
        steps = None
        if self.steps is not None and other.steps is not None:
            steps = torch.cat([self.steps, other.steps])
        return Drawn(
            torch.cat([self.places, other.places]),
            torch.cat([self.weights, other.weights]),
            steps,
        )


class Sampler(Protocol):
    """Draws from the whole store; told of what is stored and how wrong it was found to be."""

    def added(self, places: Tensor, lengths: Tensor) -> None:
        """Sequences of `lengths` (B,) have been written to `places` (B,)."""

    def newest(self, count: int, generator: torch.Generator) -> Drawn:
        """Draw uniformly from the sequences that were added last."""

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """Draw from the whole store when `share` (0..1) of all updates is done."""

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        """TD errors that an update found: (B,), and (B, T) where every step has its own."""

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back; the store has been restored before."""


class RankSampler:
    """Draws by rank of return. Satisfies `Sampler`.

    Args:
        replay: the store.
        by_return: 0 draws uniformly; else by rank, see `draw_ranks`.
    """

    def __init__(self, replay: SequenceReplay, by_return: float) -> None:
        self.replay, self.by_return = replay, by_return

    def added(self, places: Tensor, lengths: Tensor) -> None:
        """The store ranks them itself."""

    def newest(self, count: int, generator: torch.Generator) -> Drawn:
        """Each with weight 1."""
        return _plain(draw_newest(self.replay, count, generator))

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """Each with weight 1."""
        ranks = draw_ranks(len(self.replay), count, self.by_return, generator)
        return _plain(self.replay.ranked()[ranks])

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        """Errors change no return."""

    def state(self) -> dict[str, Tensor]:
        """Nothing beside the store."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing beside the store."""


def draw_newest(replay: SequenceReplay, count: int, generator: torch.Generator) -> Tensor:
    """(count,) places of sequences added last, each once before any is met again.

    Fresh sequences keep learning honest about what the policy does now; sequences of high return,
    or of large error, are found once and would be forgotten.
    """
    newest = replay.newest()
    order = torch.randperm(len(newest), generator=generator, device=newest.device)
    return newest[order[torch.arange(count, device=newest.device) % len(newest)]]


def draw_ranks(size: int, count: int, exponent: float, generator: torch.Generator) -> Tensor:
    """Draw ranks with replacement, the k-th best with density proportional to k^-exponent.

    The distribution is inverted in closed form on the continuum (0, size]: the share of ranks up
    to k is (k / size)^(1 - exponent).

    Args:
        size: ranks are 0 .. size - 1.
        count: draws.
        exponent: 0 is uniform; towards 1 only the best are drawn.
        generator: source of randomness.

    Returns:
        (count,) int64.
    """
    uniform = torch.rand(count, generator=generator, device=generator.device, dtype=torch.float64)
    return (uniform ** (1 / (1 - exponent)) * size).long()


def _plain(places: Tensor) -> Drawn:
    return Drawn(places, torch.ones(len(places), device=places.device))
