"""Which stored sequences an update learns from."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.replay.sequences import SequenceReplay


def mixed_places(
    replay: SequenceReplay, *, count: int, fresh: int, by_return: float, generator: torch.Generator
) -> Tensor:
    """Places of a batch: some of the newest sequences, the rest from the whole store.

    Fresh sequences keep learning honest about what the policy does now; sequences of high return
    are found once and would be forgotten.

    Args:
        replay: the store.
        count: B.
        fresh: how many of them come from those added last.
        by_return: 0 draws the rest uniformly; else by rank of return, see `draw_ranks`.
        generator: source of randomness.

    Returns:
        (B,) int64.
    """
    newest = replay.newest()
    chance = torch.randint(len(newest), (fresh,), generator=generator, device=generator.device)
    ranks = draw_ranks(len(replay), count - fresh, by_return, generator)
    return torch.cat([newest[chance], replay.ranked()[ranks]])


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
