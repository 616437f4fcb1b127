"""A network over sequences of different lengths, without computing most of the padding."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

CHUNK = 16
"""Sequences computed together; fewer of them waste more of a matrix product than they save."""


def by_length(network: Callable[[Tensor], Tensor], batch: SequenceBatch) -> Tensor:
    """What a network makes of a batch, computed in chunks of sequences of similar length.

    Among 64 molecules the longest is nearly twice as long as the mean, and a recurrence over the
    batch as it stands spends that much of its time on padding.

    Args:
        network: tokens (B, T) -> (B, T, V), causal and row by row.
        batch: B sequences; they are computed at once if they are few or all as long.

    Returns:
        (B, T, V), 0 beyond the longest sequence of a row's chunk. Gradients flow.
    """
    tokens, lengths = batch.tokens, batch.lengths
    if len(batch) <= CHUNK or bool((lengths == tokens.shape[1]).all()):
        return network(tokens)
    order = lengths.argsort(stable=True)
    parts = []
    for rows in order.split(CHUNK):
        longest = int(lengths[rows[-1]])
        part = network(tokens[rows, :longest])  # (b, t, V)
        parts.append(F.pad(part, (0, 0, 0, tokens.shape[1] - longest)))
    return torch.cat(parts)[order.argsort()]
