"""The reward of sequences that are shown without being scored."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


class UnknownReward:
    """No terms, so nothing is paid: what a run's records would execute was not allowed."""

    names: tuple[str, ...] = ()

    @property
    def weights(self) -> Tensor:
        """(0,)."""
        return torch.zeros(0, dtype=torch.float64)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, 0)."""
        return torch.zeros(*batch.tokens.shape, 0, dtype=torch.float64)
