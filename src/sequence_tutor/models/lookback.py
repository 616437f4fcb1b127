"""What a network sees of the past beside its own memory: lookback, place in a period, copying.

A recurrent network of a hundred cells cannot repeat what it has not learned by heart. Three inputs
and one output make repeating easy, after the Lookback RNN (Waite 2016, magenta.tensorflow.org):

- the tokens that stand at fixed distances (`lags`) before the one to come;
- for each distance, whether the last token equalled the token so many steps before it: whether a
  repetition is under way;
- the place of the token to come in one or more periods, such as the sixteenth of a bar;
- one *copy gate* a distance: a number added to the output of the token that stood there.

Where we differ: the Lookback RNN copies by a label of its own in the vocabulary; a gate leaves the
vocabulary as it is, so that log-probabilities stay comparable and every token keeps one spelling.

All inputs are rows of one table, so that a step is a sum of rows: the last token (V + 1 rows), each
lag's token (V + 1 rows), the place in each period (as many rows as the period has tokens), and one
row for each lag that says "repeating".
A number one past the table stands for "nothing here".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.models.next_token import State


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
        return (self.vocab_size + 1) * (1 + len(self.lags)) + sum(self.periods) + len(self.lags)

    @property
    def _seen(self) -> int:
        """Tokens that a step must know: the furthest lag, and one more to say "repeating"."""
        return max(self.lags, default=0) + 1

    def initial_state(self, batch: int, device: torch.device) -> State:
        """Nothing written yet: the tokens so far (B, seen), and how many there are (B,)."""
        if self.is_plain:
            return ()
        return (
            torch.full((batch, self._seen), self.vocab_size, device=device),
            torch.full((batch,), -1, device=device),  # the start token is not one of them
        )

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """What the step after `previous` (B,) sees.

        Returns:
            Rows of the table (B, I), the token at each lag (B, L), and the new state.
        """
        tokens, count = state
        tokens = torch.cat([tokens[:, 1:], previous[:, None]], dim=1)  # (B, seen)
        count = count + 1
        lagged = [tokens[:, -lag] for lag in self.lags]
        before = [tokens[:, -lag - 1] for lag in self.lags]
        rows, at_lags = self._rows(previous, lagged, before, count)
        return rows, at_lags, (tokens, count)

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

        place = torch.arange(steps, device=tokens.device).expand(len(tokens), steps)
        lagged = [back(lag) for lag in self.lags]
        return self._rows(back(1), lagged, [back(lag + 1) for lag in self.lags], place)

    def _rows(
        self, last: Tensor, lagged: Sequence[Tensor], before: Sequence[Tensor], place: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Rows (..., I) and tokens at the lags (..., L).

        Args:
            last: (...) the last token.
            lagged: L of (...), the token at each lag.
            before: L of (...), the token one step further back than each lag.
            place: (...) how many tokens there are so far.
        """
        height, nothing = self.vocab_size + 1, self.rows
        rows = [last, *(height * (1 + number) + token for number, token in enumerate(lagged))]
        at = height * (1 + len(self.lags))
        for period in self.periods:
            rows.append(at + place % period)
            at += period
        for number, token in enumerate(before):
            repeats = (token == last) & (last != self.vocab_size)
            rows.append(torch.where(repeats, at + number, nothing))
        at_lags = torch.stack(list(lagged), -1) if lagged else last[..., None][..., :0]
        return torch.stack(rows, -1), at_lags

    @property
    def tokens_seen(self) -> int:
        """How many of a step's rows are tokens, which come first."""
        return 1 + len(self.lags)


def as_features(rows: Tensor, height: int, dtype: torch.dtype) -> Tensor:
    """Rows (B, T, I) of a table as (B, T, height): 1 at each, 0 elsewhere."""
    features = torch.zeros(*rows.shape[:-1], height + 1, dtype=dtype, device=rows.device)
    return features.scatter_(-1, rows, 1.0)[..., :height]


def sum_of_rows(rows: Tensor, table: Tensor) -> Tensor:
    """The sum (B, G) of rows (B, I) of a table (height, G); the number `height` stands for zero."""
    whole = F.pad(table, (0, 0, 0, 1))
    return F.embedding_bag(rows, whole, mode="sum")


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
