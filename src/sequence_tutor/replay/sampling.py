"""Which stored sequences an update learns from."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.replay.sequences import SequenceReplay


def mixed_places(
    replay: SequenceReplay,
    weights: Tensor,
    *,
    count: int,
    fresh: int,
    newest: int,
    by_return: float,
    generator: torch.Generator,
) -> Tensor:
    """Places of a batch: some of the newest sequences, the rest from the whole store.

    Fresh sequences keep learning honest about what the policy does now; sequences of high return
    are found once and would be forgotten.

    Args:
        replay: the store.
        weights: (R,) weights of the stored terms.
        count: B.
        fresh: how many of them come from the newest.
        newest: how many sequences count as new.
        by_return: 0 draws the rest uniformly; else by rank of return, see `places_by_return`.
        generator: source of randomness.

    Returns:
        (B,) int64.
    """
    new = replay.newest(newest)
    new = new[_uniform(len(new), fresh, generator)]
    rest = count - fresh
    if rest == 0:
        return new
    if by_return == 0:
        return torch.cat([new, _uniform(len(replay), rest, generator)])
    return torch.cat([new, places_by_return(replay.returns(weights), rest, by_return, generator)])


def places_by_return(
    returns: Tensor, count: int, exponent: float, generator: torch.Generator
) -> Tensor:
    """Draw with replacement so that the k-th best of N has density proportional to k^-exponent.

    The distribution of the rank is inverted in closed form on the continuum (0, N]: the share of
    ranks up to k is (k / N)^(1 - exponent).

    Args:
        returns: (N,).
        count: draws.
        exponent: 0 is uniform; towards 1 only the best are drawn.
        generator: source of randomness.

    Returns:
        (count,) int64 places in `returns`.
    """
    ranked = returns.argsort(descending=True)  # (N,)
    uniform = torch.rand(count, generator=generator, device=returns.device)
    ranks = (uniform ** (1 / (1 - exponent)) * len(returns)).long()
    return ranked[ranks.clamp(max=len(returns) - 1)]


def _uniform(size: int, count: int, generator: torch.Generator) -> Tensor:
    return torch.randint(size, (count,), generator=generator, device=generator.device)
