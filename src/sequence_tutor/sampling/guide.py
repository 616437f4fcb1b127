"""Leading particles to sequences that meet a constraint, by a small machine that looks ahead.

What is to be kept may lie behind what is still to be written. A particle that goes on as the
policy pleases arrives there by chance, or where the kept tokens hardly follow. A *machine*, a model
with few states such as the last note, is poor at writing but can look ahead exactly: backward
recursion gives

    psi_t(s, k) = sum over tokens a allowed at t of m(a|s) psi_t+1(s', k'),   psi_T = 1,

the probability under the machine m that from state s and counter k everything is met. Particles
propose pi(a|s) psi_t+1(s', k'), normalised, and psi is a further factor of their twist (Whiteley
and Lee 2014, Eq. 8, with psi in place of the unknown optimal functions). Whatever the machine,
weights make up for it: estimates of Z stay unbiased. The better it knows the policy, the smaller
their variance; if it is the policy, and nothing is rewarded, all weights are equal. What a prior
that copies finds likelier is a further factor of proposal and twist, see `sampling.echo`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.echo import Echo, Kept, learned_echo


class Constraint(Protocol):
    """What sequences of T tokens must be, as a machine of counters beside the states."""

    @property
    def counters(self) -> int:
        """C; every sequence begins with counter 0. Any counter may be left at the end."""

    @property
    def free(self) -> Tensor:
        """(T,) bool: the steps at which there is a choice."""

    def follow(self, t: int, state: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
        """Which tokens may come at step t, (N, V) bool, and the counters after them, (N, V).

        Args:
            t: step.
            state: (N,) states of the machine.
            counter: (N,) of 0 to C - 1.
        """


@dataclass(frozen=True)
class Machine:
    """A model of few states, whose probabilities may depend on the place in a period.

    Attributes:
        next_state: (S, V) int64, the state that a token leads to.
        log_probs: (P, S, V) float64, log m(a|s); step t has those of t mod P.
        start: the state before the first token.
    """

    next_state: Tensor
    log_probs: Tensor
    start: int = 0


class Guide:
    """A constraint and a machine's look ahead. A *place* is state and counter in one number.

    Args:
        machine: m, with S states.
        constraint: over T tokens.
        kept: what an echo can be learned from; None: there is nothing that could be repeated.
        echo: what tokens add to the probabilities of later ones; None: nothing.

    Raises:
        UserError: no sequence that the machine can write meets the constraint.
    """

    def __init__(
        self,
        machine: Machine,
        constraint: Constraint,
        kept: Kept | None = None,
        echo: Echo | None = None,
    ) -> None:
        self._machine, self._constraint = machine, constraint
        self._kept, self._echo = kept, echo
        self._states, free = len(machine.next_state), constraint.free
        self.length = len(free)
        left = torch.arange(self.length, 0, -1)
        shares = free.flip(0).cumsum(0).flip(0) / left
        self._free_shares: list[float] = shares.tolist()
        self._ahead = self._look_back()
        if float(self._ahead[0, machine.start]) == -torch.inf:
            raise UserError("no sequence can be all that was asked for at once")

    def listening(self, prior: Prior, generator: torch.Generator) -> Guide:
        """The same with the echo of what is kept, learned from a prior; histories are drawn."""
        echo = None if self._kept is None else learned_echo(prior, self._kept, generator)
        return self if echo is None else Guide(self._machine, self._constraint, None, echo)

    def _look_back(self) -> Tensor:
        """(T + 1, C S): log psi of each place before each step."""
        count = self._constraint.counters * self._states
        places = torch.arange(count)
        ahead = torch.zeros(self.length + 1, count, dtype=torch.float64)
        for t in reversed(range(self.length)):
            log_ahead, _ = self._options(t, places, ahead[t + 1])
            periods = self._machine.log_probs
            log_probs = periods[t % len(periods)][places % self._states]
            ahead[t] = (log_probs + log_ahead).logsumexp(1)
        return ahead

    def _options(self, t: int, place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Log psi after each token, -inf for those not allowed, and the places; (N, V) each."""
        state, counter = place % self._states, place // self._states
        allowed, after = self._constraint.follow(t, state, counter)
        places = after * self._states + self._machine.next_state[state]
        gained = ahead[places]
        if self._echo is not None:
            gained = gained + self._echo.gain[t]
        return gained.where(allowed, -torch.inf), places

    def first(self, count: int) -> Tensor:
        """(count,) the place before the first token."""
        return torch.full((count,), self._machine.start)

    def free_share(self, t: int) -> float:
        """The share of the steps from t on at which there is a choice."""
        return self._free_shares[t]

    def ahead(self, t: int, place: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Log psi_t of places (N,); -inf where nothing can meet the constraint any more.

        Args:
            t: step.
            place: (N,) places.
            tokens: (N, T) the sequences as they stand, of which an echo takes account.
        """
        ahead = self._ahead[t][place]
        if self._echo is None or tokens is None:
            return ahead
        return ahead + self._echo.pending(t, tokens)

    def propose(self, t: int, place: Tensor, log_policy: Tensor) -> tuple[Tensor, Tensor]:
        """Log of pi(a|s) psi(after a), normalised, and the places after each token; (N, V) each.

        Where the policy writes no token that is allowed, all allowed ones are equally likely: the
        weight of such a particle is 0, since the prior does not write them either.
        """
        log_ahead, places = self._options(t, place, self._ahead[t + 1])
        mixed = (log_policy.double() + log_ahead).log_softmax(1)
        evenly = torch.zeros_like(log_ahead).where(log_ahead > -torch.inf, -torch.inf)
        return mixed.where(mixed.isfinite().any(1, keepdim=True), evenly.log_softmax(1)), places
