"""A tuned model: action values, and the algorithm that computes a policy from them."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Algorithm
from sequence_tutor.errors import UserError
from sequence_tutor.models import ActionValueNetwork, State
from sequence_tutor.prior.protocol import Prior


class TunedPolicy:
    """pi(a|s) of action values. Satisfies `Prior`, so it is sampled and evaluated like one.

    If its value is soft, it also satisfies `smc.ValuedPolicy`.

    Args:
        values: the network of action values.
        algorithm: turns values into log pi.
        prior: used only if the algorithm mixes it in (G).
    """

    def __init__(self, values: ActionValueNetwork, algorithm: Algorithm, prior: Prior) -> None:
        self.values = values
        self.algorithm = algorithm
        self.prior = prior

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.values.vocab_size

    def initial_state(self, batch: int) -> State:
        """The states of the values and, if the prior is mixed in, of the prior."""
        state = self.values.initial_state(batch)
        return state + self.prior.initial_state(batch) if self.algorithm.mixes_prior else state

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log pi(.|s) (B, V) after `previous` (B,), and the new state."""
        values, log_prior, state = self._step(previous, state)
        return self.algorithm.policy(values, log_prior), state

    def step_with_value(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Log pi(.|s) (B, V) after `previous` (B,), V(s) (B,), and the new state.

        Raises:
            UserError: the algorithm's value is a maximum, from which no soft value follows.
        """
        if self.algorithm.fits == "hard":
            raise UserError(
                f"{self.algorithm.name} learns the value of the single best sequence, expected an "
                "algorithm with soft values, such as psi or g"
            )
        values, log_prior, state = self._step(previous, state)
        value = self.algorithm.value(values, log_prior)
        return self.algorithm.policy(values, log_prior), value, state

    def _step(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor | None, State]:
        """Action values (B, V), log p(.|s) (B, V) if it is mixed in, and the new state."""
        own = len(self.values.initial_state(0))
        values, new_state = self.values.step(previous, state[:own])
        if not self.algorithm.mixes_prior:
            return values, None, new_state
        log_prior, prior_state = self.prior.step(previous, state[own:])
        return values, log_prior, new_state + prior_state

    @torch.no_grad()
    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log pi(.|s_t) at every step, tokens (B, T) -> (B, T, V)."""
        mixed = self.algorithm.mixes_prior
        log_prior = self.prior.sequence_log_probs(tokens) if mixed else None
        return self.algorithm.policy(self.values(tokens), log_prior)
