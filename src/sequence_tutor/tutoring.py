"""Tutoring at sampling time: from a frozen prior and tuned action values, without any training.

The advantage of a token is A(s, a) = log pi(a|s) - log p(a|s): for Psi it is Psi - V - log p, for
G it is G - V. Sampling from p(a|s) exp(strength A(s, a)), normalised, goes from the prior
(strength 0) through the tuned policy (1) to beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sequence_tutor.models import State
from sequence_tutor.prior.protocol import Prior


@dataclass(frozen=True)
class TutoredPolicy:
    """p(a|s) exp(strength x advantage), normalised. Satisfies `Prior`.

    Attributes:
        prior: p.
        policy: pi, tuned from that prior.
        strength: 0 is p exactly, 1 is pi exactly.
    """

    prior: Prior
    policy: Prior
    strength: float

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.prior.vocab_size

    def initial_state(self, batch: int) -> State:
        """The prior's state, then the policy's."""
        return self.prior.initial_state(batch) + self.policy.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B, V) after `previous` (B,), and the new state."""
        own = len(self.prior.initial_state(0))
        log_prior, prior_state = self.prior.step(previous, state[:own])
        log_policy, policy_state = self.policy.step(previous, state[own:])
        return self._mix(log_prior, log_policy), prior_state + policy_state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log-probabilities at every step, tokens (B, T) -> (B, T, V)."""
        return self._mix(
            self.prior.sequence_log_probs(tokens), self.policy.sequence_log_probs(tokens)
        )

    def _mix(self, log_prior: Tensor, log_policy: Tensor) -> Tensor:
        """Both ends as they are, so that they are exact; between them normalised, (..., V)."""
        if self.strength == 0:
            return log_prior
        if self.strength == 1:
            return log_policy
        # a token that either never writes stays impossible, also where inf - inf would say nan
        mixed = log_prior + self.strength * (log_policy - log_prior)
        return mixed.nan_to_num(nan=float("-inf")).log_softmax(-1)
