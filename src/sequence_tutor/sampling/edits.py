"""Sequences within an edit distance of given ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.sequences import SequenceBatch


def kept_probability(temperature: float, vocab_size: int) -> float:
    """How likely a token stays as it is: 1 / (1 + (V - 1) exp(-1 / temperature)).

    Args:
        temperature: tau.
        vocab_size: V, tokens that may stand in its place, itself included.
    """
    return 1 / (1 + (vocab_size - 1) * math.exp(-1 / temperature))


def edited(
    batch: SequenceBatch,
    temperature: float,
    vocab_size: int,
    generator: torch.Generator,
    end_token: int | None = None,
) -> SequenceBatch:
    """For each sequence x another y, drawn in proportion to exp(-d(x, y) / tau).

    d counts the tokens that differ. The exponential is then a product over tokens, so each is
    replaced independently of the others (Norouzi et al. 2016, section 2.2, who draw the number of
    replaced tokens first; https://arxiv.org/abs/1609.00150). Lengths stay, and so do end tokens,
    which replace no other token either.

    Args:
        batch: B sequences.
        temperature: tau, above 0.
        vocab_size: V.
        generator: source of all randomness.
        end_token: the token that ends a sequence; None: all have T tokens.
    """
    tokens = batch.tokens
    others = vocab_size - (end_token is not None)
    kept = kept_probability(temperature, others)
    uniform = uniform_numbers(generator, *tokens.shape)
    shift = torch.randint(
        1, max(others, 2), tokens.shape, generator=generator, device=tokens.device
    )
    replaced = (uniform >= kept) & batch.mask
    if end_token is not None:
        replaced &= tokens != end_token
    return SequenceBatch(
        _shifted(tokens, shift, others, end_token).where(replaced, tokens), batch.lengths
    )


def _shifted(tokens: Tensor, shift: Tensor, others: int, end_token: int | None) -> Tensor:
    """Another token each, the end token left out of the count: every one as likely."""
    if end_token is None:
        return (tokens + shift) % others
    place = tokens - (tokens > end_token).long()
    moved = (place + shift) % others
    return moved + (moved >= end_token).long()
