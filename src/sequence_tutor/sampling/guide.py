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
their variance; if it is the policy, and nothing is rewarded, all weights are equal.

What a reward pays for a token by the machine's state alone, g_t(s, a) nats, can be looked ahead to
as well. `Guide.paying` has exp(g_t(s, a)) psi_t+1(s', k') in place of psi_t+1(s', k') in both, so
that particles are led to what is paid and few of them are enough. What a prior that copies finds
likelier is a further factor of both, see `sampling.echo` and `Guide.listening`.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class PaidByState(Protocol):
    """A reward that knows what a part of it pays by the state of a domain's machine."""

    def by_state(self, steps: int, weights: Mapping[str, float]) -> Tensor:
        """(T, S, V) float64: what a token is paid at a step in a state, weighted.

        Nothing needs to be exact: what the whole sequence is paid decides in the end.

        Args:
            steps: T.
            weights: of the terms.
        """


MOST_KEPT = 2**21
"""Options of all steps and places together up to which they are kept and not made anew."""


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

    Raises:
        UserError: no sequence that the machine can write meets the constraint.
    """

    def __init__(self, machine: Machine, constraint: Constraint, kept: Kept | None = None) -> None:
        self._machine, self._constraint, self._kept = machine, constraint, kept
        self._states, free = len(machine.next_state), constraint.free
        self.length = len(free)
        left = torch.arange(self.length, 0, -1)
        shares = free.flip(0).cumsum(0).flip(0) / left
        self._free_shares: list[float] = shares.tolist()
        self._paid: Tensor | None = None
        self._echo: Echo | None = None
        self._every = self._every_option()
        if not self._is_possible():
            raise UserError("no sequence can be all that was asked for at once")

    def listening(self, prior: Prior, generator: torch.Generator) -> Guide:
        """The same with the echo of what is kept, learned from a prior; histories are drawn."""
        echo = None if self._kept is None else learned_echo(prior, self._kept, generator)
        if echo is None:
            return self
        return self._with(_echo=echo)

    def paying(self, paid: Tensor) -> Guide:
        """The same, which also leads to what is paid.

        Args:
            paid: (T, S, V) float64, finite: g, nats that a token is paid at a step in a state.
        """
        return self._with(_paid=paid)

    def _with(self, **changes: Tensor | Echo) -> Guide:
        """The same but for what changes, which looks back anew."""
        guide = copy(self)
        vars(guide).pop("_looked", None)
        vars(guide).update(changes)
        return guide

    def _every_option(self) -> list[tuple[Tensor, Tensor]] | None:
        """Of each step what `follow` says of all places, if there are not too many."""
        count = self._constraint.counters * self._states
        if self.length * count * self._machine.next_state.shape[1] > MOST_KEPT:
            return None
        places = torch.arange(count)
        return [self._options(t, places) for t in range(self.length)]

    def _is_possible(self) -> bool:
        """Whether the machine can write a sequence that meets the constraint.

        Where the options are not kept, making them costs more than looking ahead, which is then
        done at once.
        """
        if self._every is None:
            return float(self._looked[0][0, self._machine.start]) > -torch.inf
        places = torch.arange(self._constraint.counters * self._states)
        writes = (self._machine.log_probs > -torch.inf)[:, places % self._states]  # (P, C S, V)
        can = torch.ones(len(places), dtype=torch.bool)
        for t in reversed(range(self.length)):
            allowed, after = self._every[t]
            can = (allowed & writes[t % len(writes)] & can[after]).any(1)
        return bool(can[self._machine.start])

    @cached_property
    def _looked(self) -> tuple[Tensor, list[Tensor]]:
        """Log psi of each place before each step, (T + 1, C S), and what each token leads to.

        The latter are (C S, V) a step, and kept where the options are.
        """
        count = self._constraint.counters * self._states
        places = torch.arange(count)
        ahead = torch.zeros(self.length + 1, count, dtype=torch.float64)
        periods, leads = self._machine.log_probs, list[Tensor]()
        for t in reversed(range(self.length)):
            log_ahead, _ = self._led(t, places, ahead[t + 1])
            ahead[t] = (periods[t % len(periods)][places % self._states] + log_ahead).logsumexp(1)
            if self._every is not None:
                leads.append(log_ahead)
        return ahead, leads[::-1]

    def _options(self, t: int, place: Tensor) -> tuple[Tensor, Tensor]:
        """Which tokens may come, and the places after them; (N, V) each."""
        state, counter = place % self._states, place // self._states
        allowed, after = self._constraint.follow(t, state, counter)
        return allowed, after * self._states + self._machine.next_state[state]

    def _led(self, t: int, place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Log of what each token leads to, -inf for those not allowed, and the places; (N, V).

        Where options are kept `place` are all places, in their order.
        """
        allowed, places = self._options(t, place) if self._every is None else self._every[t]
        log_ahead = ahead[places].where(allowed, -torch.inf)
        if self._paid is not None:
            log_ahead += self._paid[t][place % self._states]
        if self._echo is not None:
            log_ahead += self._echo.gain[t]
        return log_ahead, places

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
        ahead = self._looked[0][t][place]
        if self._echo is None or tokens is None:
            return ahead
        return ahead + self._echo.pending(t, tokens)

    def propose(self, t: int, place: Tensor, log_policy: Tensor) -> tuple[Tensor, Tensor]:
        """Log of pi(a|s) psi(after a), normalised, and the places after each token; (N, V) each.

        Where the policy writes no token that is allowed, all allowed ones are equally likely: the
        weight of such a particle is 0, since the prior does not write them either.
        """
        ahead, leads = self._looked
        if self._every is None:
            log_ahead, places = self._led(t, place, ahead[t + 1])
        else:
            log_ahead, places = leads[t][place], self._every[t][1][place]
        mixed = (log_policy.double() + log_ahead).log_softmax(1)
        lost = mixed[:, 0].isnan()
        if bool(lost.any()):
            evenly = torch.zeros_like(log_ahead).where(log_ahead > -torch.inf, -torch.inf)
            mixed = mixed.where(~lost[:, None], evenly.log_softmax(1))
        return mixed, places
