"""How unusual a melody is for its model: what candidates are ranked by where nothing is rewarded.

Log p a token would put the dullest first: a note that is held on is the likeliest token of all, so
that four long notes beat any tune. What a model usually writes has neither the highest log p nor
the lowest (Meister et al., Locally Typical Sampling, 2023), and about so many notes as usual. A
melody is therefore as unusual as it is far, in log p a token and in notes a token, from the medians
of what the model itself writes, in units of the median distances from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.measure import log_likelihood
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.workbench.wished import Typical

LEAST = 1e-3
"""Of a median distance: what a model always does is no measure."""


def typical_of(prior: Prior, usual: SequenceBatch) -> Typical:
    """Says of melodies how unusual they are.

    Args:
        prior: gives log p.
        usual: melodies that the model wrote.
    """
    likely = torch.tensor(log_likelihood(prior, usual, 0), dtype=torch.float64) / usual.lengths
    figures = torch.stack([likely, density(usual)], 1)  # (N, 2)
    middle = figures.median(0).values
    spread = (figures - middle).abs().median(0).values.clamp(min=LEAST)

    def unusual(batch: SequenceBatch, rows: Sequence[Mapping[str, Any]]) -> Sequence[float]:
        own = torch.tensor([row["log_prior_per_token"] for row in rows], dtype=torch.float64)
        figures = torch.stack([own, density(batch)], 1)
        distances: list[float] = ((figures - middle) / spread).abs().sum(1).tolist()
        return distances

    return unusual


def density(batch: SequenceBatch) -> Tensor:
    """(B,) float64: notes that begin, a token."""
    begins = (batch.tokens >= FIRST_NOTE) & batch.mask
    return (begins.sum(1).double() / batch.lengths).cpu()
