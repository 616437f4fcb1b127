"""Tutoring at sampling time: from a frozen prior and tuned action values, without any training.

The advantage of a token is A(s, a) = log pi(a|s) - log p(a|s): for Psi it is Psi - V - log p, for
G it is G - V. Sampling from p(a|s) exp(strength A(s, a)), normalised, goes from the prior
(strength 0) through the tuned policy (1) to beyond it. Another prior than the one that was tuned is
given the same advice: A stays what was learned against the policy's own.
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
        strength: 0 is p exactly; without `own` 1 is pi exactly.
        own: the prior that the policy was tuned from; None: p.
    """

    prior: Prior
    policy: Prior
    strength: float
    own: Prior | None = None

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.prior.vocab_size

    def initial_state(self, batch: int) -> State:
        """The prior's state, the policy's, and that of its own prior where it is another."""
        state = self.prior.initial_state(batch) + self.policy.initial_state(batch)
        return state if self.own is None else state + self.own.initial_state(batch)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log-probabilities (B, V) after `previous` (B,), and the new state."""
        first = len(self.prior.initial_state(0))
        second = first + len(self.policy.initial_state(0))
        log_prior, prior_state = self.prior.step(previous, state[:first])
        log_policy, policy_state = self.policy.step(previous, state[first:second])
        if self.own is None:
            return self._mix(log_prior, log_policy, log_prior), prior_state + policy_state
        log_own, own_state = self.own.step(previous, state[second:])
        return self._mix(log_prior, log_policy, log_own), prior_state + policy_state + own_state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log-probabilities at every step, tokens (B, T) -> (B, T, V)."""
        log_prior = self.prior.sequence_log_probs(tokens)
        log_own = log_prior if self.own is None else self.own.sequence_log_probs(tokens)
        return self._mix(log_prior, self.policy.sequence_log_probs(tokens), log_own)

    def _mix(self, log_prior: Tensor, log_policy: Tensor, log_own: Tensor) -> Tensor:
        """Both ends as they are, so that they are exact; between them normalised, (..., V)."""
        if self.strength == 0:
            return log_prior
        if self.strength == 1 and self.own is None:
            return log_policy
        # a token that either never writes stays impossible, also where inf - inf would say nan
        mixed = log_prior + self.strength * (log_policy - log_own)
        return mixed.nan_to_num(nan=float("-inf")).log_softmax(-1)
