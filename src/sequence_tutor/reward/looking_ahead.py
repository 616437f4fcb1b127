"""Which terms pay a step for tokens that are written after it.

Learning by steps takes what a step is paid for a fact of that step and those before it. A term that
looks ahead, such as one that pays the first note for how the melody ends, breaks that: one-step
targets, path consistency, policy gradients and the fit of V then end at another optimum than
p(x) exp(r(x)/c) / Z. What such a term pays a sequence is paid at its last step instead, where all
that it depends on is known; the sum is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Payments that differ by no more are the same: a term may add its numbers in another order."""


@runtime_checkable
class SaysWhatLooksAhead(Protocol):
    """A reward that names terms whose payments at a step depend on later tokens."""

    @property
    def looks_ahead(self) -> tuple[str, ...]:
        """Their names."""


@runtime_checkable
class PaysAtTheEnd(Protocol):
    """A reward that pays at the last step of a sequence and nowhere else, so it cannot look ahead.

    Saying so spares it the sequences that others are tried on.
    """

    @property
    def pays_at_the_end(self) -> bool:
        """True."""


def declared(reward: Reward) -> tuple[str, ...]:
    """The terms that a reward itself says look ahead."""
    return reward.looks_ahead if isinstance(reward, SaysWhatLooksAhead) else ()


def looking_ahead(reward: Reward, batch: SequenceBatch) -> dict[str, int]:
    """The terms that pay a step otherwise where only later tokens are others.

    Each sequence is given the ends of some others, and what is paid before them is compared.

    Args:
        reward: what is tried.
        batch: B sequences, as different as may be; with a single one nothing can be compared.

    Returns:
        Term -> number of a step, from 1, at which it did so; none where none was found, which is
        no proof that there is none.
    """
    if isinstance(reward, PaysAtTheEnd) and reward.pays_at_the_end:
        return {}
    paid = reward(batch)  # (B, T, R)
    near = ABSOLUTE * paid.abs().amax((0, 1)).clamp(min=1.0)  # (R,)
    found: dict[str, int] = {}
    for rows, other, common in _other_ends(batch):
        own, again = paid[rows], reward(other)  # (b, T, R), (b, T', R)
        width = min(own.shape[1], again.shape[1])
        own, again = own[:, :width], again[:, :width]
        steps = torch.arange(width, device=own.device)
        before = (steps < common[:, None])[:, :, None]  # (b, T, 1)
        differs = (own - again).abs() > near + RELATIVE * own.abs()
        for step, term in (differs & before).any(0).nonzero().tolist():
            name = reward.names[term]
            found[name] = min(found.get(name, step + 1), step + 1)
    return found


def _other_ends(batch: SequenceBatch) -> Iterator[tuple[Tensor, SequenceBatch, Tensor]]:
    """Rows, the same sequences with the ends of others, and how many tokens (b,) are in common.

    Cut after the first token, at a quarter, in the middle, and before the last.
    """
    count, tokens, lengths = len(batch), batch.tokens, batch.lengths
    every = torch.arange(count, device=tokens.device)
    steps = torch.arange(tokens.shape[1], device=tokens.device)
    for number, share in enumerate((0.0, 0.25, 0.5, 1.0)):
        donor = (every + 1 + number * max(1, count // 4)) % count
        shorter = torch.minimum(lengths, lengths[donor])
        cut = (share * (shorter - 1)).long().clamp(min=1)  # (B,)
        rows = (shorter > 1) & (donor != every)
        joined = tokens.where(steps < cut[:, None], tokens[donor])
        if bool(rows.any()):
            yield every[rows], SequenceBatch(joined[rows], lengths[donor][rows]), cut[rows]


def paid_where_decided(terms: Tensor, lengths: Tensor, late: Tensor) -> Tensor:
    """What terms that look ahead pay, summed onto each sequence's last step.

    Args:
        terms: (B, T, R).
        lengths: (B,).
        late: (R,) bool: the terms that look ahead.

    Returns:
        (B, T, R), with the same sums over T.
    """
    steps = torch.arange(terms.shape[1], device=terms.device)
    is_last = (steps == lengths[:, None] - 1)[:, :, None]  # (B, T, 1)
    moved = terms.sum(1, keepdim=True).where(is_last, 0.0)
    return torch.where(late, moved, terms)


def paid_where_chosen(paid: Tensor, first_step: int) -> Tensor:
    """What given tokens were paid, at the first token that was chosen.

    It is the same whatever is chosen, but part of what the sequence earns: with it V of the first
    choice is log Z of the sequences with that beginning.

    Args:
        paid: (B, T).
        first_step: how many tokens were given.

    Returns:
        (B, T), with the same sums over T.
    """
    if first_step == 0:
        return paid
    given = paid[:, :first_step]
    first = paid[:, first_step : first_step + 1] + given.sum(1, keepdim=True)
    return torch.cat([torch.zeros_like(given), first, paid[:, first_step + 1 :]], 1)
