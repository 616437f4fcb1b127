"""What a network sees of the past beside its own memory: lookback, place in a period, copying.

A recurrent network of a hundred cells cannot repeat what it has not learned by heart. Three inputs
and one output make repeating easy, after the Lookback RNN (Waite 2016, magenta.tensorflow.org):

- the tokens that stand at fixed distances (`lags`) before the one to come;
- for each distance, for how many tokens a repetition has been under way: how many of the last
  tokens in a row equalled those so many steps before them;
- the place of the token to come in one or more periods, such as the sixteenth of a bar;
- one *copy gate* a distance: a number added to the output of the token that stood there. It is
  computed from the network's features and from the length of the repetition, for after a bar that
  repeats another the next token is nearly certain.

Where we differ: the Lookback RNN copies by a label of its own in the vocabulary; a gate leaves the
vocabulary as it is, so that log-probabilities stay comparable and every token keeps one spelling.
And it sees whether the last token repeats, not for how long it has gone on.

All inputs are rows of one table, so that a step is a sum of rows: the last token (V + 1 rows), each
lag's token (V + 1 rows), the place in each period (as many rows as the period has tokens), and for
each lag the length of its repetition (one row for each of `RUNS`). A number one past the table
stands for "nothing here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.models.next_token import State

RUNS = (1, 2, 4, 8, 16, 32)
"""Lengths of a repetition that are told apart: at least so many tokens, fewer than the next."""


@dataclass(frozen=True)
class Lookback:
    """Which rows of the input table a step sees.

    Attributes:
        vocab_size: V; the number V stands for what is before the first token.
        lags: L distances, in tokens.
        periods: their lengths in tokens; none: the place is no input.
    """

    vocab_size: int
    lags: Sequence[int] = ()
    periods: Sequence[int] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the last token is the only input."""
        return not self.lags and not self.periods

    @property
    def rows(self) -> int:
        """Rows of the input table."""
        tokens = (self.vocab_size + 1) * self.tokens_seen
        return tokens + sum(self.periods) + self.run_rows

    def place_rows(self, period: int) -> range:
        """The rows that say the place in one of the periods."""
        before = sum(one for one in self.periods if one < period)
        first = (self.vocab_size + 1) * self.tokens_seen + before
        return range(first, first + period)

    @property
    def run_rows(self) -> int:
        """How many of them, the last ones, speak of repetitions."""
        return len(RUNS) * len(self.lags)

    @property
    def _seen(self) -> int:
        """Tokens that a step must know: the furthest lag, and one more to compare the last with."""
        return max(self.lags, default=0) + 1

    def initial_state(self, batch: int, device: torch.device) -> State:
        """Nothing written yet.

        The tokens so far (B, seen), how many there are (B,), and lengths of repetitions (B, L).
        """
        if self.is_plain:
            return ()
        return (
            torch.full((batch, self._seen), self.vocab_size, device=device),
            torch.full((batch,), -1, device=device),  # the start token is not one of them
            torch.zeros(batch, len(self.lags), dtype=torch.int64, device=device),
        )

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """What the step after `previous` (B,) sees.

        Returns:
            Rows of the table (B, I), the token at each lag (B, L), and the new state.
        """
        tokens, count, runs = state
        tokens = torch.cat([tokens[:, 1:], previous[:, None]], dim=1)  # (B, seen)
        count = count + 1
        seen = tokens.index_select(1, self._fixed(previous.device).columns)
        at_lags, before = seen.view(len(seen), 2, len(self.lags)).unbind(1)
        runs = (runs + 1).where(self._repeats(previous, before), 0)
        return self._rows(previous, at_lags, runs, count), at_lags, (tokens, count, runs)

    def sequence(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What every step of whole sequences sees, tokens (B, T).

        Returns:
            Rows of the table (B, T, I), and the token at each lag (B, T, L).
        """
        steps, first = tokens.shape[1], self._seen + 1
        known = F.pad(tokens, (first, 0), value=self.vocab_size)  # (B, first + T)

        def back(distance: int) -> Tensor:
            """(B, T): the token so many steps before the one to come."""
            return known[:, first - distance : first - distance + steps]

        last, place = back(1), torch.arange(steps, device=tokens.device)
        at_lags = _columns([back(lag) for lag in self.lags], last)
        repeats = self._repeats(last, _columns([back(lag + 1) for lag in self.lags], last))
        ended = place[:, None].where(~repeats, -1).cummax(1).values  # the last step that did not
        runs = place[:, None] - ended  # (B, T, L)
        return self._rows(last, at_lags, runs, place.expand(len(tokens), steps)), at_lags

    def _repeats(self, last: Tensor, before: Tensor) -> Tensor:
        """(..., L) whether the last token (...) equals the one each lag before it (..., L)."""
        return (before == last[..., None]) & (last[..., None] != self.vocab_size)

    def _rows(self, last: Tensor, at_lags: Tensor, runs: Tensor, place: Tensor) -> Tensor:
        """Rows (..., I).

        Args:
            last: (...) the last token.
            at_lags: (..., L) the token at each lag.
            runs: (..., L) lengths of repetitions.
            place: (...) how many tokens there are so far.
        """
        fixed = self._fixed(last.device)
        rows = [last[..., None], at_lags + fixed.first_of_lags]
        at = (self.vocab_size + 1) * self.tokens_seen
        for period in self.periods:
            rows.append((at + place % period)[..., None])
            at += period
        long = torch.bucketize(runs, fixed.runs, right=True)
        rows.append((long + fixed.first_of_runs).where(runs > 0, self.rows))
        return torch.cat(rows, -1)

    def _fixed(self, device: torch.device) -> Fixed:
        first_of_runs = self.rows - self.run_rows
        return _fixed(tuple(self.lags), self.vocab_size + 1, first_of_runs, device)

    def of_runs(self, rows: Tensor, dtype: torch.dtype) -> Tensor:
        """What rows (..., I) say of repetitions, as (..., L x runs): 1 at each, 0 elsewhere."""
        first = self.rows - self.run_rows
        return as_features(rows[..., -len(self.lags) :] - first, self.run_rows, dtype)

    @property
    def tokens_seen(self) -> int:
        """How many of a step's rows are tokens, which come first."""
        return 1 + len(self.lags)


@dataclass(frozen=True)
class Fixed:
    """What every step of a lookback needs, made once.

    Attributes:
        columns: (2 L,) of the tokens so far, that at each lag, then the one before each.
        first_of_lags: (L,) the first row of each lag's tokens.
        first_of_runs: (L,) one less than the first row of the lengths of its repetitions.
        runs: `RUNS`.
    """

    columns: Tensor
    first_of_lags: Tensor
    first_of_runs: Tensor
    runs: Tensor


@lru_cache(maxsize=64)
def _fixed(lags: tuple[int, ...], height: int, first_of_runs: int, device: torch.device) -> Fixed:
    """Of a table in which a token has `height` rows, and repetitions the last ones."""
    places, back = torch.arange(len(lags)), torch.tensor(lags, dtype=torch.int64)
    last = max(lags, default=0)  # the column of the last token
    columns = torch.cat([last + 1 - back, last - back])
    runs = first_of_runs + len(RUNS) * places - 1
    found = columns, height * (1 + places), runs, torch.tensor(RUNS)
    return Fixed(*(one.to(device) for one in found))


def _columns(columns: Sequence[Tensor], like: Tensor) -> Tensor:
    """Tensors (...) side by side, (..., L); L may be 0."""
    return torch.stack(list(columns), -1) if columns else like[..., None][..., :0]


def as_features(rows: Tensor, height: int, dtype: torch.dtype) -> Tensor:
    """Rows (..., I) of a table as (..., height): 1 at each, 0 elsewhere."""
    features = torch.zeros(*rows.shape[:-1], height + 1, dtype=dtype, device=rows.device)
    return features.scatter_(-1, rows, 1.0)[..., :height]


def turned(weights: Tensor) -> Tensor:
    """Weights (G, height) of inputs as a table (height + 1, G) whose last row is zero."""
    return F.pad(weights.t(), (0, 0, 0, 1))


def sum_of_rows(rows: Tensor, table: Tensor) -> Tensor:
    """The sum (B, G) of rows (B, I) of a table, see `turned`."""
    return F.embedding_bag(rows, table, mode="sum")


def add_copies(outputs: Tensor, gates: Tensor, at_lags: Tensor, vocab_size: int) -> Tensor:
    """Outputs (..., outputs) with each gate (..., L) added to the output of the token at its lag.

    Args:
        outputs: the first V of them belong to tokens.
        gates: numbers to add.
        at_lags: (..., L) tokens; V, before the first token, adds nothing.
        vocab_size: V.
    """
    there = at_lags < vocab_size
    return outputs.scatter_add(
        -1, at_lags.clamp(max=vocab_size - 1), gates.where(there, 0.0).to(outputs.dtype)
    )
