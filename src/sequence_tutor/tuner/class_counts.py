"""Counts of a property of sequences, such as the rhythm of a bar, over what a policy wrote last.

An aim on the share of distinct values among N draws pays every sequence that has the value v, see
`objectives.distinct`. If all sequences with one value are paid rho(v), the policy that follows has
log P(v) = E(v) + rho(v) - const, where E(v) does not depend on the payments. So the counts, less
what is paid at present, tell E(v), and rho(v) is solved from y - mu (1 - e^y)^(N-1) = E(v): where
the policy follows at once this is the optimum, and where it does not move yet the payments come to
mu (1 - P(v))^(N-1) step by step, so that they never overshoot.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor

from sequence_tutor.objectives.distinct import distinct_of_counts, rarity_of_counts, rarity_payment
from sequence_tutor.sequences import SequenceBatch

Property = Callable[[SequenceBatch], Sequence[Hashable]]
"""The value of each of B sequences; all that have none share the value None."""

WINDOW = 4096
"""Sequences that counts are of, the last ones."""

MOST_DRAWS = 4000
"""N of such an aim: the other draws are chosen from the window."""


def codes_of(values: Sequence[Hashable]) -> Tensor:
    """(B,) float64: a number below 2^24 for each value, which float32 holds exactly.

    Two values have the same number with probability 2^-24.
    """
    digests = (blake2b(repr(value).encode(), digest_size=3).digest() for value in values)
    return torch.tensor([int.from_bytes(own) for own in digests], dtype=torch.float64)


@dataclass(frozen=True)
class ClassPayments:
    """What sequences are paid by the value of a property.

    Attributes:
        place: of its aim among all.
        codes: (K,) sorted, of the values that have been counted.
        paid: (K,) nats.
        mu: what a value that was not counted is paid.
    """

    place: int
    codes: Tensor
    paid: Tensor
    mu: float

    def of(self, counts: Tensor) -> Tensor:
        """(B,) float64 payments from what replay keeps for the aims, (B, 2 M)."""
        codes = counts[:, 2 * self.place].double().cpu()
        return _looked_up(codes, self.codes, self.paid, self.mu)


class ClassCounts:
    """The last codes of a property, and what is paid for them.

    Args:
        codes: (W,) of sequences of the prior.
        draws: N.
        place: of the aim.
    """

    def __init__(self, codes: Tensor, draws: int, place: int) -> None:
        self.draws, self.place = draws, place
        self.window = codes[-WINDOW:].clone()
        self.mu = 0.0
        self.codes, self.paid = torch.zeros(0, dtype=torch.float64), torch.zeros(0).double()

    def add(self, codes: Tensor) -> None:
        """Count new sequences of the policy, and forget the oldest."""
        self.window = torch.cat([self.window, codes.to(self.window)])[-WINDOW:]

    def solve(self, mu: float) -> None:
        """Pay by a new multiplier and the counts of now."""
        codes, counts = self.window.unique(return_counts=True)
        if mu == 0:
            before = torch.zeros_like(codes)
        else:
            before = _looked_up(codes, self.codes, self.paid, self.mu).clamp(max=mu)
        others = (counts - 1).double() / (len(self.window) - 1)
        energy = others.clamp(min=1e-12).log() - before
        self.codes, self.paid, self.mu = codes, rarity_payment(energy, mu, self.draws), mu

    @property
    def payments(self) -> ClassPayments:
        """What sequences are paid now."""
        return ClassPayments(self.place, self.codes, self.paid, self.mu)

    def distinct(self, codes: Tensor, *, in_window: bool = False) -> Tensor:
        """(B,) what sequences say of the share of distinct values; their mean estimates it.

        Args:
            codes: (B,).
            in_window: whether they have been counted themselves.
        """
        return distinct_of_counts(*self._others(codes, in_window), self.draws)

    def rarity(self, codes: Tensor, *, in_window: bool = False) -> Tensor:
        """(B,) the derivative of that share; arguments as above."""
        return rarity_of_counts(*self._others(codes, in_window), self.draws)

    def _others(self, codes: Tensor, in_window: bool) -> tuple[Tensor, int]:
        known, counts = self.window.unique(return_counts=True)
        found = _looked_up(codes.to(known), known, counts.double(), 0.0)
        return (found - 1, len(self.window) - 1) if in_window else (found, len(self.window))

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""
        mu = torch.tensor(self.mu, dtype=torch.float64)
        return {"window": self.window, "codes": self.codes, "paid": self.paid, "mu": mu}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.window, self.codes, self.paid = (
            state[name].double().cpu() for name in ("window", "codes", "paid")
        )
        self.mu = float(state["mu"])


def _looked_up(codes: Tensor, known: Tensor, values: Tensor, otherwise: float) -> Tensor:
    """The value of each code among the `known`, which are sorted."""
    if not len(known):
        return torch.full_like(codes, otherwise)
    places = torch.searchsorted(known, codes.contiguous()).clamp(max=len(known) - 1)
    return values[places].where(known[places] == codes, otherwise)
