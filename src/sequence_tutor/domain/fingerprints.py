"""64-bit hashes of sequences, to count distinct ones and to find copies of training data.

The hash is multilinear, h = sum_t (token_t + 1) k_t mod 2^64 with a fixed odd k_t for every step:
one product and one sum for a whole batch, and different for a sequence and its prefixes. Two
different sequences collide with a probability of at most 2^-58, because the difference of two
tokens has only a few factors of two. The k_t come from SHA-256, so that stored fingerprints are
valid on every machine.

Source: Lemire and Kaser, Strongly universal string hashing is fast, 2014 (arXiv:1202.4961).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch

WINDOW = 32
"""Tokens of a window of the training data."""

WINDOWS = "windows"
"""Name of the tensor with the fingerprints of a prior's training data."""

GRID = 16
"""Tokens between the starts of two windows."""


def sequence_hashes(batch: SequenceBatch) -> Tensor:
    """(B,) int64."""
    coded = (batch.tokens + 1) * batch.mask  # (B, T), 0 beyond the end
    return (coded * _multipliers(coded.shape[1]).to(coded.device)).sum(1)  # wraps around at 2^64


def distinct_share(hashes: Tensor) -> float:
    """The share of distinct sequences, by their hashes (N,)."""
    return len(hashes.unique()) / len(hashes)


def window_fingerprints(
    sequences: Sequence[Sequence[int] | NDArray[np.uint8]], window: int = WINDOW, grid: int = GRID
) -> Tensor:
    """The hashes of all windows of some sequences, sorted, each once: (W,) int64.

    Windows start at multiples of `grid`; sequences shorter than `window` have none.
    """
    pieces = [
        torch.as_tensor(sequence, dtype=torch.int64).unfold(0, window, grid)
        for sequence in sequences
        if len(sequence) >= window
    ]
    if not pieces:
        return torch.zeros(0, dtype=torch.int64)
    windows: Tensor = sequence_hashes(SequenceBatch.full(torch.cat(pieces))).unique()
    return windows


def are_among(batch: SequenceBatch, fingerprints: Tensor) -> Tensor:
    """(B,) bool: which sequences have one of the sorted `fingerprints` (W,)."""
    hashes = sequence_hashes(batch)
    return are_known(hashes, fingerprints.to(hashes.device))


def are_known(hashes: Tensor, known: Tensor) -> Tensor:
    """(N,) bool: which of the `hashes` (N,) are among the sorted `known` (K,)."""
    if len(known) == 0:
        return torch.zeros(len(hashes), dtype=torch.bool, device=hashes.device)
    places = torch.searchsorted(known, hashes).clamp(max=len(known) - 1)
    return known[places] == hashes


@lru_cache(maxsize=8)
def _multipliers(length: int) -> Tensor:
    """(T,) odd int64."""
    digests = (hashlib.sha256(f"place {place}".encode()).digest()[:8] for place in range(length))
    return torch.tensor([int.from_bytes(digest, "little", signed=True) | 1 for digest in digests])
