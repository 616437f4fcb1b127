"""What the bounds of aims count on sequences, and how the means of that answer to multipliers.

Shapes: B sequences, M rows, K bounds. Counts (B, 2 M) are the numerator and denominator of each
row; phi_i = s_i (n_i - b_i d_i), see `multipliers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.domain.rows import RowRange
from sequence_tutor.tuner.aimed_rows import Bound


def features(
    bounds: Sequence[Bound],
    counts: Tensor,
    rare: Mapping[str, Tensor] | None = None,
    goals: Tensor | None = None,
) -> Tensor:
    """Phi of each bound on each sequence, (B, K) float64.

    Args:
        bounds: K of them.
        counts: (B, 2 M).
        rare: row -> (B,) rarity, the feature of a share of what differs among so many draws.
        goals: (K,) b of each; None: the bounds.
    """
    at = [bound.at for bound in bounds] if goals is None else goals.tolist()
    columns = []
    for bound, b in zip(bounds, at, strict=True):
        own = counts[:, 2 * bound.place] - b * counts[:, 2 * bound.place + 1]
        if rare is not None and bound.aim.row in rare:
            own = rare[bound.aim.row]
        columns.append(bound.sign * own)
    return torch.stack(columns, 1)


def answering(features: Tensor, answers: Tensor | None) -> Tensor:
    """What the means of phi (B, K) change by, for each unit of each multiplier, (K, K).

    Log pi(x) changes by a(x) (phi(x) - m), where m keeps pi normalised.

    Args:
        features: (B, K).
        answers: (B,), a(x); None: 1.
    """
    if answers is None:
        return torch.cov(features.T).reshape(features.shape[1], features.shape[1])
    return torch.cov(features.T, aweights=answers, correction=0) * answers.mean()


def room(bound: Bound, ranges: Mapping[str, RowRange]) -> float:
    """How far a goal may be inside its bound.

    Half the way to where the row ends, or to the other bound.
    """
    aim, own = bound.aim, ranges[bound.aim.row]
    way = (own.high - bound.at if bound.sign > 0 else bound.at - own.low) / 2
    if aim.low is not None and aim.high is not None:
        way = min(way, (aim.high - aim.low) / 2)
    return max(way, 0.0)
