"""What is sampled while collecting: the policy itself, epsilon-greedy, or Boltzmann.

The token that is stored is the token that was sampled and is the one rewarded; every token of the
vocabulary can be explored.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sequence_tutor.tuner.collecting_settings import ExplorationSettings


class Exploration:
    """An exploration whose strength follows the share of the run that is over.

    Evaluation never goes through here, so it cannot use up the schedule.
    """

    def __init__(self, settings: ExplorationSettings) -> None:
        self.settings = settings
        self.strength = settings.begin

    def anneal(self, share: float) -> None:
        """Set epsilon or the temperature for `share` (0..1) of all updates done."""
        settings = self.settings
        progress = min(1.0, share / settings.anneal)
        self.strength = settings.begin + (settings.end - settings.begin) * progress

    def record(self) -> dict[str, float]:
        """For the log: the strength, where it plays a part."""
        return {} if self.settings.kind == "policy" else {"exploration": self.strength}

    def __call__(self, log_policy: Tensor, generator: torch.Generator) -> Tensor:
        """The log-probabilities to sample from, (B, V) -> (B, V)."""
        kind, strength = self.settings.kind, self.strength
        if kind == "policy":
            return log_policy
        if kind == "boltzmann":
            return log_policy / max(strength, 1e-6)
        if kind == "epsilon-policy":
            return _mix_uniform(log_policy, strength)
        best = log_policy.argmax(-1, keepdim=True)
        greedy = torch.full_like(log_policy, -torch.inf).scatter(-1, best, 0.0)
        return _mix_uniform(greedy, strength)


def _mix_uniform(log_probs: Tensor, epsilon: float) -> Tensor:
    """log((1 - epsilon) p + epsilon / V)."""
    if epsilon <= 0:
        return log_probs
    uniform = torch.full_like(log_probs, math.log(epsilon / log_probs.shape[-1]))
    if epsilon >= 1:
        return uniform
    return torch.logaddexp(log_probs + math.log1p(-epsilon), uniform)
