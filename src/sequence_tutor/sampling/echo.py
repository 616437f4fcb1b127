"""What is to be kept repeats what was written before: a second look ahead, learned in sampling.

A prior that can copy gives a kept token a higher probability where the token a bar or eight before
it was the same. A machine of few states does not see that. An *echo* does, by a regression: in
sequences of the policy in which the kept tokens stand, and into which stretches of them were
copied, the prior's log-probability of each kept token is explained by

    whether the token so many steps before it (a *lag*) equals it, and
    the share of the `WINDOW` tokens before that one that equal theirs,

for each lag, with coefficients of their own for each kind of the kept token. Both are sums over the
tokens written, so that what a token adds to the probabilities of all that is kept later is a number
for each step and token: a factor of the proposal, which the machine's backward recursion takes up,
and of the twist. As with the machine, weights make up for what it gets wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.prior.protocol import Prior

WINDOW = 16
"""Tokens before the one compared that count as well."""

RIDGE = 20.0
"""Weight of the squared coefficients, in observations."""

STRETCH = 8
"""Tokens that are copied, or not, together."""

COPIED = 0.6
"""Share of the stretches that are, where a lag leads to kept tokens."""

TRUST = 0.4
"""Factor of what the regression finds: equalities at several lags add up to less than their sum."""

UNKNOWN = -1
"""In place of a token that is not kept."""


@dataclass(frozen=True)
class Kept:
    """What an echo is learned from.

    Attributes:
        tokens: (T,) those kept, `UNKNOWN` where none is.
        lags: distances in tokens.
        kinds: (V,) int64, the kind of each token.
        written: (N, T) sequences of the policy; they are the histories, once kept tokens are put in
            and stretches of them copied.
    """

    tokens: Tensor
    lags: Sequence[int]
    kinds: Tensor
    written: Tensor


@dataclass(frozen=True)
class Echo:
    """What tokens written add to the log-probabilities of the kept ones that follow.

    Attributes:
        gain: (T, V) float64, what a token at each step adds to all kept ones behind it.
        echoed: (L, T), the token that each step has to equal, `UNKNOWN` where there is none.
        left: (L, T, T + 1), what a token that equals it adds from each step on.
    """

    gain: Tensor
    echoed: Tensor
    left: Tensor

    def pending(self, t: int, tokens: Tensor) -> Tensor:
        """(K,) what sequences (K, T) of t tokens add to the kept ones from step t on."""
        total = self.gain.new_zeros(len(tokens))
        for echoed, left in zip(self.echoed, self.left[:, :, t], strict=True):
            steps = (left[:t] != 0).nonzero().squeeze(1)
            if len(steps):
                equal = tokens[:, steps] == echoed[steps]
                total += equal.to(left) @ left[steps]
        return total


def learned_echo(prior: Prior, of: Kept, generator: torch.Generator) -> Echo | None:
    """The echo of kept tokens; None where nothing is kept behind what is to be written.

    Args:
        prior: whose probabilities of the kept tokens are explained.
        of: them, and histories.
        generator: of what is copied.
    """
    kept, lags = of.tokens, of.lags
    steps, known = len(kept), kept != UNKNOWN
    echoed = torch.full((len(lags), steps), UNKNOWN)
    for row, lag in zip(echoed, lags, strict=True):
        row[: max(0, steps - lag)] = kept[lag:]
    echoed[:, known] = UNKNOWN  # what is kept cannot be chosen
    if not bool((echoed != UNKNOWN).any()):
        return None
    histories = _with_copies(of.written.where(~known, kept), echoed, generator)
    kinds = of.kinds[kept.clamp(min=0)]  # (T,)
    later = known & (torch.arange(steps) > int((~known).nonzero()[0]))
    likely = _log_likelihood(prior, histories)[:, later].double()  # (N, S)
    seen = _features(histories, echoed, lags, kinds)[:, later]  # (N, S, F)
    centred = (seen - seen.mean(0)).flatten(0, 1)
    moment = centred.T @ centred + RIDGE * torch.eye(centred.shape[1], dtype=torch.float64)
    answers = (likely - likely.mean(0)).flatten()
    coefficients = TRUST * torch.linalg.solve(moment, centred.T @ answers)
    left = _left(coefficients.view(len(lags), 2, -1), echoed, lags, kinds, known)
    gain = torch.zeros(steps, prior.vocab_size, dtype=torch.float64)
    for row, lag_left in zip(echoed, left, strict=True):
        at = (row != UNKNOWN).nonzero().squeeze(1)
        gain[at, row[at]] += lag_left[at, at + 1]
    return Echo(gain, echoed, left)


def _with_copies(histories: Tensor, echoed: Tensor, generator: torch.Generator) -> Tensor:
    """Histories (N, T), three of four of which have stretches of what is kept in them."""
    histories, (count, steps) = histories.clone(), histories.shape
    draws = torch.rand(3, count, steps // STRETCH + 1, generator=generator).cpu()
    stretch = torch.arange(steps) // STRETCH
    copied = (draws[0] < COPIED)[:, stretch] & (torch.arange(count) % 4 > 0)[:, None]
    begins = (draws[1] * 2 * STRETCH - STRETCH)[:, stretch]  # half of them in their middle
    copied &= torch.arange(steps) % STRETCH >= begins
    possible = echoed != UNKNOWN  # (L, T)
    number = possible.cumsum(0)  # the how manieth of those possible at a step
    chosen = (draws[2][:, stretch] * number[-1]).long() + 1  # (N, T)
    for row, can, own in zip(echoed, possible, number, strict=True):
        histories = torch.where(copied & can & (chosen == own), row, histories)
    return histories


@torch.no_grad()
def _log_likelihood(prior: Prior, tokens: Tensor) -> Tensor:
    """(N, T) log p of each token."""
    state, found = prior.initial_state(len(tokens)), []
    previous = torch.full_like(tokens[:, 0], prior.vocab_size)
    for column in tokens.unbind(1):
        log_probs, state = prior.step(previous, state)
        found.append(log_probs.gather(1, column[:, None]).squeeze(1))
        previous = column
    return torch.stack(found, 1)


def _features(histories: Tensor, echoed: Tensor, lags: Sequence[int], kinds: Tensor) -> Tensor:
    """(N, T, L x 2 x kinds): for each step and lag, the token's own and its window's equality."""
    steps, most = histories.shape[1], int(kinds.max()) + 1
    of_kind = torch.nn.functional.one_hot(kinds, most).double()  # (T, kinds)
    found = []
    for row, lag in zip(echoed, lags, strict=True):
        equal = (histories == row).double()  # (N, T): at the step written
        moved = torch.nn.functional.pad(equal, (lag, 0))[:, :steps]  # at the step kept
        sums = torch.nn.functional.pad(moved.cumsum(1), (WINDOW + 1, 0))
        window = (sums[:, WINDOW : WINDOW + steps] - sums[:, :steps]) / WINDOW
        found += [moved[:, :, None] * of_kind, window[:, :, None] * of_kind]
    return torch.cat(found, 2)


def _left(
    coefficients: Tensor, echoed: Tensor, lags: Sequence[int], kinds: Tensor, known: Tensor
) -> Tensor:
    """(L, T, T + 1) from coefficients (L, 2, kinds), see `Echo.left`."""
    steps = len(kinds)
    left = torch.zeros(len(lags), steps, steps + 1, dtype=torch.float64)
    for number, (row, lag) in enumerate(zip(echoed, lags, strict=True)):
        own, window = coefficients[number][:, kinds].where(known, 0.0)  # (T,) each
        at = (row != UNKNOWN).nonzero().squeeze(1)
        left[number, at, at + lag] += own[at + lag]
        for later in range(1, WINDOW + 1):
            inside = at[at + lag + later < steps]
            step = inside + lag + later
            left[number, inside, step] += window[step] / WINDOW
    return left.flip(2).cumsum(2).flip(2)
