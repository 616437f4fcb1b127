"""A second network, of action values of all tokens beside the network of the policy."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from sequence_tutor.models.next_token import by_length
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.beginning import initial_values
from sequence_tutor.tuner.settings import TuneSettings


class SecondNetwork:
    """Action values, which begin as log p(a|s), and their slow copy.

    Args:
        prior: p, which has weights to begin with.
        settings: of the run.
        length: T, most tokens of a sequence.
    """

    def __init__(self, prior: Prior, settings: TuneSettings, length: int) -> None:
        self.values = initial_values(prior, settings, "log_prior", length)
        self.target = copy.deepcopy(self.values).requires_grad_(False)

    def of(self, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """Action values (B, T, V) and, without gradient, those of the slow copy."""
        with torch.no_grad():
            target = by_length(self.target, batch)
        return by_length(self.values, batch), target

    def follow(self, rate: float) -> None:
        """The slow copy moves toward the network by this share of their distance."""
        self.target.approach(self.values, rate)

    def state(self) -> Tensors:
        """Both networks."""
        return {
            **named("second", self.values.state_dict()),
            **named("second_target", self.target.state_dict()),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.values.load_state_dict(under("second", tensors))
        self.target.load_state_dict(under("second_target", tensors))
