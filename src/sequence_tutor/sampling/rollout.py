"""Batched sampling of sequences from any policy, with exploration and priming."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.config.settings import LEAST, MOST
from sequence_tutor.errors import UserError
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sequences import SequenceBatch

Exploration = Callable[[Tensor, torch.Generator], Tensor]
"""Turns log pi(.|s) (B, V) into the log-probabilities (B, V) that are sampled from instead."""


LEAVES_ON = ("cpu",)
"""Types of devices on which a row leaves its batch when it has ended."""


@dataclass(frozen=True)
class Rollout:
    """Sampled sequences and what the policy thought while writing them.

    Attributes:
        batch: the sequences.
        log_probs: (B, T, V) log pi(.|s_t) of the policy itself, whatever the exploration; only
            where asked for. Rows beyond a sequence's end are 0.
    """

    batch: SequenceBatch
    log_probs: Tensor | None


@torch.no_grad()
def rollout(
    policy: Prior,
    count: int,
    length: int,
    generator: torch.Generator,
    *,
    end_token: int | None = None,
    explore: Exploration | None = None,
    prime: Tensor | SequenceBatch | None = None,
    temperature: float = 1.0,
    keep_log_probs: bool = False,
) -> Rollout:
    """Sample `count` sequences of at most `length` tokens.

    On the CPU a row that has written `end_token` leaves the batch, so that short sequences cost
    only their own steps. Elsewhere it stays to the end: to ask which rows have ended, this process
    would have to wait for the device at every step.

    Args:
        policy: what to sample from.
        count: B.
        length: T, the most tokens a sequence may have, the prime included.
        generator: source of all randomness: one uniform number per row and step.
        end_token: the token that ends a sequence, and belongs to it; None: all have T tokens.
        explore: what to sample from instead of the policy; None: the policy itself.
        prime: (P,) or (B, P) tokens that every sequence begins with; as a batch of B, each with
            a beginning of its own length.
        temperature: divides log pi before sampling.
        keep_log_probs: whether to return (B, T, V) log pi.
    """
    device = generator.device
    stays = end_token is not None and device.type not in LEAVES_ON
    tokens = torch.zeros(count, length, dtype=torch.int64, device=device)
    lengths = torch.full((count,), length, dtype=torch.int64, device=device)
    kept: Tensor | None = None
    begun = _beginnings(prime, count)  # (B, P)
    shortest, longest = int(begun.lengths.min()), begun.tokens.shape[1]
    begun_tokens, begun_lengths = (
        one.to(device, non_blocking=True) for one in (begun.tokens, begun.lengths)
    )
    writes = torch.ones(count, dtype=torch.bool, device=device)  # (B,), where rows stay
    rows = torch.arange(count, device=device)
    previous = torch.full((count,), policy.vocab_size, dtype=torch.int64, device=device)
    state = policy.initial_state(count)
    for t in range(length):
        log_probs, state = policy.step(previous, state)
        if keep_log_probs:
            if kept is None:  # of the policy's own type
                kept = log_probs.new_zeros(count, length, policy.vocab_size)
            kept[rows, t] = log_probs.where(writes[:, None], 0.0) if stays else log_probs
        if t < shortest:
            previous = begun_tokens[rows, t]
        else:
            behaviour = log_probs / temperature if temperature != 1 else log_probs
            if explore is not None:
                behaviour = explore(behaviour, generator)
            previous = sample_tokens(behaviour, generator)
            if t < longest:
                previous = previous.where(t >= begun_lengths[rows], begun_tokens[rows, t])
        tokens[rows, t] = previous.where(writes, 0) if stays else previous
        if stays:
            ends = writes & (previous == end_token)
            lengths, writes = lengths.masked_fill(ends, t + 1), writes & ~ends
        elif end_token is not None:
            ended = previous == end_token
            if bool(ended.any()):
                lengths[rows[ended]] = t + 1
                going = (~ended).nonzero().squeeze(1)  # found once: a mask would be read every time
                rows, previous = rows[going], previous[going]
                state = tuple(memory.index_select(0, going) for memory in state)
            if len(rows) == 0:
                break
    return Rollout(SequenceBatch(tokens, lengths), kept)


def _beginnings(prime: Tensor | SequenceBatch | None, count: int) -> SequenceBatch:
    """What is given to each row."""
    if isinstance(prime, SequenceBatch):
        return prime
    tokens = torch.zeros(0, dtype=torch.int64) if prime is None else prime
    return SequenceBatch.full(tokens.expand(count, -1))


def check_temperature(temperature: float) -> None:
    """Refuse what log-probabilities cannot be divided by: an impossible token must stay one.

    Raises:
        UserError: no number above 0 that is neither tiny nor huge.
    """
    if not LEAST <= temperature <= MOST:  # NaN is none either
        raise UserError(
            f"temperature is {temperature:g}, expected a number from {LEAST:g} to {MOST:g}"
        )


def sample_tokens(log_probs: Tensor, generator: torch.Generator) -> Tensor:
    """One token per row by inverting the cumulative distribution at one uniform number.

    Cheaper than Gumbel noise or `multinomial`, which draw V numbers a row.

    Args:
        log_probs: (B, V); need not be normalised.
        generator: draws (B, 1) uniform numbers.

    Returns:
        (B,) int64.
    """
    cumulative = log_probs.softmax(-1).cumsum(-1)  # (B, V)
    uniform = torch.rand(
        log_probs.shape[0], 1, generator=generator, device=log_probs.device, dtype=log_probs.dtype
    )
    # Scaled to just below the last sum, which rounding leaves a little off 1: the search must not
    # run past the vocabulary, nor reach a token of probability zero at its end.
    threshold = uniform * (cumulative[:, -1:] * (1 - 2**-22))
    return torch.searchsorted(cumulative, threshold, right=True).squeeze(1)
