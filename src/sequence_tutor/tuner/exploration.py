"""What is sampled while collecting: the policy itself, epsilon-greedy, or Boltzmann.

The token that is stored is the token that was sampled and is the one rewarded; every token that the
run may choose can be explored.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from sequence_tutor.errors import UserError, printable
from sequence_tutor.tuner.collecting_settings import ExplorationSettings

Explores = Callable[[Tensor, float], Tensor]
"""log pi(.|s) (B, V) and a strength -> the log-probabilities to sample from, (B, V); those need not
be normalised."""


class Exploration:
    """An exploration whose strength follows the share of the run that is over.

    Evaluation never goes through here, so it cannot use up the schedule.

    Args:
        settings: kind and schedule.
        own: a user's function for the kind that the settings name; None: the kind is ours.
        barred: (V,) bool, tokens that may not be explored either; None: all may.
    """

    def __init__(
        self,
        settings: ExplorationSettings,
        own: Explores | None = None,
        barred: Tensor | None = None,
    ) -> None:
        self.settings, self.own, self.barred = settings, own, barred
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
        """The log-probabilities to sample from, (B, V) -> (B, V); they need not be normalised."""
        explored = self._explored(log_policy)
        return explored if self.barred is None else explored.masked_fill(self.barred, -torch.inf)

    def _explored(self, log_policy: Tensor) -> Tensor:
        kind, strength = self.settings.kind, self.strength
        if self.own is not None:
            return self.own(log_policy, strength)
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


def check_exploration(explore: Explores, vocab_size: int) -> None:
    """Ask an exploration for a few distributions and stop at the first fault.

    Args:
        explore: what to check.
        vocab_size: V.

    Raises:
        UserError: one sentence that says what was found and what was expected.
    """
    name = getattr(explore, "__name__", type(explore).__name__)
    if not callable(explore):
        raise UserError(f"the exploration is a {name}, expected a function of log pi, strength")
    generator = torch.Generator().manual_seed(0)
    log_policy = torch.randn(3, vocab_size, generator=generator).log_softmax(-1)
    if vocab_size > 1:
        log_policy[0, 0] = -torch.inf  # a token that the policy never writes
    for strength in (0.01, 0.5, 1.0):
        answer = _asked(explore, name, log_policy, strength)
        alone = _asked(explore, name, log_policy[1:2], strength)
        if not torch.allclose(answer[1:2], alone, atol=1e-5):
            raise UserError(
                f"exploration {name} answers a row by the other rows, or not twice the same, "
                "expected a function of the row and the strength alone"
            )


def _asked(explore: Explores, name: str, log_policy: Tensor, strength: float) -> Tensor:
    """The answer, of the right shape and a distribution in every row."""
    given = log_policy.clone()
    try:
        answer = explore(given, strength)
    except Exception as error:
        raise UserError(
            f"exploration {name} failed: {type(error).__name__}: {printable(str(error))}"
        ) from error
    if not torch.equal(given, log_policy):
        raise UserError(f"exploration {name} wrote into the log pi that it was given")
    if not isinstance(answer, Tensor) or answer.shape != log_policy.shape:
        found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise UserError(
            f"exploration {name} gave {found}, expected a tensor of shape (B, V) = "
            f"{tuple(log_policy.shape)}"
        )
    if bool(answer.isnan().any() | (answer == torch.inf).any()) or not bool(
        answer.isfinite().any(-1).all()
    ):
        raise UserError(
            f"exploration {name} gave NaN, infinity, or a row in which no token is possible, "
            "expected log-probabilities"
        )
    return answer
