"""n-gram tables as priors: the baseline that every network has to beat.

Interpolated absolute discounting (Ney et al. 1994): each context's counts lose a fixed amount,
and what they lose is spread by the model of the next shorter context, down to the uniform
distribution. It needs no tuning on held-out data beyond that one amount.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.exact import StateTable
from sequence_tutor.models import State
from sequence_tutor.sequences import SequenceBatch

DISCOUNT = 0.75
"""What each seen n-gram's count loses; the usual value of the literature."""

MOST_CONTEXTS = 200_000
"""Contexts of the largest prior that becomes a machine of states."""


class NGramPrior:
    """p(a | the last n - 1 tokens). Satisfies `Prior`.

    Before the first token the context is made of start tokens, so beginnings are learned as such.

    Args:
        order: n, from 1 up; a context is coded in one integer, so (V + 1)^n must be below 2^63.
        vocab_size: V.
        sequences: the data.
    """

    def __init__(self, order: int, vocab_size: int, sequences: Sequence[Sequence[int]]) -> None:
        if order < 1 or (vocab_size + 1) ** order >= 2**63:
            raise ValueError(f"order must be at least 1 and (V + 1)^order below 2^63, got {order}")
        self.order = order
        self.vocab_size, self.device = vocab_size, torch.device("cpu")  # tables are of NumPy
        start = np.full(order - 1, vocab_size, dtype=np.int64)
        padded = [np.concatenate([start, np.asarray(row, dtype=np.int64)]) for row in sequences]
        self._tables = [self._count(padded, length) for length in range(order)]

    def initial_state(self, batch: int) -> State:
        """(B, n - 1) start tokens."""
        return (torch.full((batch, self.order - 1), self.vocab_size, dtype=torch.int64),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Log p(.|s) (B, V) after `previous` (B,), and the new state."""
        (context,) = state
        context = torch.cat([context, previous[:, None]], dim=1)[:, 1:]  # (B, n - 1)
        log_probs = self._distributions(context.numpy())
        return torch.from_numpy(log_probs).float(), (context,)

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        """Log p(.|s_t) at every step, tokens (B, T) -> (B, T, V)."""
        start = tokens.new_full((len(tokens), self.order - 1), self.vocab_size)
        padded = torch.cat([start, tokens[:, :-1]], dim=1) if self.order > 1 else tokens
        contexts = padded.unfold(1, max(self.order - 1, 1), 1)[:, : tokens.shape[1]]
        flat = contexts.reshape(-1, contexts.shape[2])[:, : self.order - 1]  # (B T, n - 1)
        log_probs = torch.from_numpy(self._distributions(flat.numpy())).float()
        return log_probs.reshape(*tokens.shape, self.vocab_size)

    def token_log_probs(self, batch: SequenceBatch) -> Tensor:
        """Log p of each token of a batch, (B, T); meaningless beyond a sequence's end.

        The whole (B, T, V) is never made: a batch of long sequences needs no more memory than
        its tokens.
        """
        start = batch.tokens.new_full((len(batch), self.order - 1), self.vocab_size)
        padded = torch.cat([start, batch.tokens], dim=1)
        grams = padded.unfold(1, self.order, 1).reshape(-1, self.order).numpy()  # (B T, n)
        probability = np.full(len(grams), 1 / self.vocab_size)
        for length, (codes, counts, contexts, totals, kinds) in enumerate(self._tables):
            window = grams[:, self.order - 1 - length :]
            found = _look_up(codes, counts, self._code(window))
            code = self._code(window[:, :-1])
            total, kind = _look_up(contexts, totals, code), _look_up(contexts, kinds, code)
            probability = _interpolate(found, total, kind, probability)
        return torch.from_numpy(np.log(probability)).reshape(batch.tokens.shape)

    def state_table(self) -> StateTable:
        """The prior as a machine whose states are its contexts, for exact optima.

        Raises:
            ValueError: it has more than `MOST_CONTEXTS` contexts that can be reached.
        """
        if self.vocab_size ** (self.order - 1) > MOST_CONTEXTS:  # every token can follow any
            raise ValueError(f"order {self.order} has more than {MOST_CONTEXTS} contexts")
        base, tokens = self.vocab_size + 1, np.arange(self.vocab_size)
        start = base ** (self.order - 1) - 1  # start tokens only
        known = frontier = np.array([start])
        while len(frontier):
            after = self._following(frontier, tokens)
            frontier = np.setdiff1d(after, known)
            known = np.union1d(known, frontier)
        following = np.searchsorted(known, self._following(known, tokens))  # (S, V)
        powers = base ** np.arange(self.order - 1, dtype=np.int64)[::-1]
        contexts = known[:, None] // powers % base  # (S, n - 1)
        return StateTable(
            torch.from_numpy(following),
            torch.from_numpy(self._distributions(contexts)),
            int(np.searchsorted(known, start)),
        )

    def _following(self, codes: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes of the contexts after each context and token, (S,) and (V,) -> (S, V)."""
        base = self.vocab_size + 1
        following: NDArray[np.int64] = (codes[:, None] * base + tokens) % base ** (self.order - 1)
        return following

    def _distributions(self, contexts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log p, (N, V), after each context (N, n - 1)."""
        probability = np.full((len(contexts), self.vocab_size), 1 / self.vocab_size)
        tokens = np.arange(self.vocab_size)
        for length, (codes, counts, known, totals, kinds) in enumerate(self._tables):
            code = self._code(contexts[:, self.order - 1 - length :])
            grams = code[:, None] * (self.vocab_size + 1) + tokens  # (N, V)
            total, kind = _look_up(known, totals, code), _look_up(known, kinds, code)
            probability = _interpolate(
                _look_up(codes, counts, grams), total[:, None], kind[:, None], probability
            )
        log_probs: NDArray[np.float64] = np.log(probability)
        return log_probs

    def _count(self, padded: list[NDArray[np.int64]], length: int) -> tuple[NDArray[np.int64], ...]:
        """Counts of every (length + 1)-gram, and totals and kinds of every context."""
        skip = self.order - 1 - length  # no n-gram may begin before the start tokens it uses
        windows = [
            np.lib.stride_tricks.sliding_window_view(row[skip:], length + 1) for row in padded
        ]
        codes, counts = np.unique(self._code(np.concatenate(windows)), return_counts=True)
        contexts, first = np.unique(codes // (self.vocab_size + 1), return_index=True)
        totals = np.add.reduceat(counts, first)
        kinds = np.diff(np.append(first, len(codes)))
        return codes, counts, contexts, totals, kinds

    def _code(self, windows: NDArray[np.int64]) -> NDArray[np.int64]:
        """One integer for each row of tokens."""
        powers = (self.vocab_size + 1) ** np.arange(windows.shape[1], dtype=np.int64)[::-1]
        return windows @ powers


def _look_up(
    keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The value of each wanted key, 0 where it is unknown; keys are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


def _interpolate(
    count: NDArray[np.int64],
    total: NDArray[np.int64],
    kinds: NDArray[np.int64],
    shorter: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Absolute discounting over the model of the shorter context; an unseen context leaves it."""
    seen = np.maximum(count - DISCOUNT, 0) + DISCOUNT * kinds * shorter
    mixed: NDArray[np.float64] = np.where(total > 0, seen / np.maximum(total, 1), shorter)
    return mixed
