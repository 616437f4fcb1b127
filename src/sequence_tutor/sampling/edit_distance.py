"""Sequences within an edit distance of given ones: tokens replaced, inserted and deleted.

The target is exp(-d(x, y) / tau) / Z(x) over all sequences y of the task, with d the Levenshtein
distance (Norouzi et al. 2016, *Reward augmented maximum likelihood for neural structured
prediction*, section 2.2, https://arxiv.org/abs/1609.00150, who draw a number of edits and count
what several orders of edits lead to more than once). Here it is exact:

1. An alignment of x and y costs a factor w = exp(-1 / tau) for each token that is replaced,
   inserted or deleted. Sums over all alignments are products of small matrices, so an alignment is
   drawn in proportion to its factor, and with it y in proportion to S(x, y), the sum over all
   alignments of x and y.
2. The best alignment alone has the factor exp(-d / tau), so S is at least that, and y is kept with
   probability exp(-d / tau) / S. What is not kept is drawn anew.

Shapes: N pairs; bodies are tokens (N, T) with lengths (N,), zeros beyond.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.sequences import SequenceBatch

MOST_DRAWS, AT_ONCE, MOST_REPEATED = 200, 512, 32
"""Draws for each sequence of a batch, on average, after which a temperature counts as too high. A
round has about `AT_ONCE` of them, and of no sequence more than `MOST_REPEATED`."""
_STOP, _KEEP, _REPLACE, _DELETE, _INSERT = range(5)


def edit_distance(source: SequenceBatch, other: SequenceBatch) -> Tensor:
    """The fewest tokens to replace, insert or delete between x and y of each row, (N,) float64.

    Args:
        source: N sequences x.
        other: N sequences y.
    """
    return _distance(source.tokens, source.lengths, other.tokens, other.lengths)


def edited_within(
    batch: SequenceBatch,
    temperature: float,
    vocab_size: int,
    length: int,
    generator: torch.Generator,
    end_token: int | None = None,
) -> SequenceBatch:
    """For each sequence x another y, drawn in proportion to exp(-d(x, y) / tau).

    y is any sequence of the task: of `length` tokens, or with an end token of up to `length`,
    which end with it if there are fewer. d does not count the end token.

    Args:
        batch: B sequences, of at most `length` tokens.
        temperature: tau, above 0.
        vocab_size: V.
        length: T, most tokens of a sequence.
        generator: source of all randomness.
        end_token: the token that ends a sequence; None: all have `length` tokens.

    Raises:
        UserError: at this temperature hardly any drawn sequence is kept.
    """
    symbols = vocab_size - (end_token is not None)
    sources = batch.lengths
    if end_token is not None:
        last = batch.tokens.gather(1, sources[:, None] - 1)[:, 0]
        sources = sources - (last == end_token).long()
    tokens = _squeezed(batch.tokens, end_token)
    alignments = Alignments(temperature, symbols, length, exactly=end_token is None)
    found = tokens.new_zeros(len(batch), length)
    lengths = torch.zeros_like(sources)
    left = torch.arange(len(batch), device=tokens.device)
    draws = 0
    while draws < MOST_DRAWS * len(batch):
        repeats = min(MOST_REPEATED, max(1, AT_ONCE // len(left)))
        rows = left.repeat(repeats)
        draws += len(rows)
        drawn, long = alignments.draw(tokens[rows], sources[rows], generator)
        pair = tokens[rows], sources[rows], drawn, long
        log_kept = -_distance(*pair) / temperature - alignments.log_sum(*pair)
        are_kept = (uniform_numbers(generator, *rows.shape).log() < log_kept).view(repeats, -1)
        kept = are_kept.any(0)
        first = are_kept.long().argmax(0) * len(left) + torch.arange(len(left), device=rows.device)
        found[left[kept]], lengths[left[kept]] = drawn[first[kept]], long[first[kept]]
        left = left[~kept]
        if not len(left):
            return _with_ends(found, lengths, end_token)
    raise UserError(
        f"c is {temperature:g}, expected less: it is the temperature of edits, and at this one "
        f"{draws} draws gave nothing for {len(left)} of {len(batch)} sequences; at "
        f"{1 / math.log(2 * vocab_size * length):.2g} about one token of each is edited"
    )


class Alignments:
    """Ways to write y from x token by token, each with the factor w for every edit.

    Args:
        temperature: tau; w = exp(-1 / tau).
        symbols: A, tokens that can be written.
        length: T, most tokens of y.
        exactly: whether y has T tokens, not up to T.
    """

    def __init__(self, temperature: float, symbols: int, length: int, *, exactly: bool) -> None:
        self.log_weight, self.symbols, self.length = -1 / temperature, symbols, length
        self.exactly = exactly
        self._table = self._sums()  # (T + 1, T + 1)

    def _sums(self) -> Tensor:
        """(R, N) log of the sum over all ways on, with r tokens of x left and room for n of y."""
        places = self.length + 1
        replaced, inserted = self._log_replaced, self._log_inserted
        rows: list[Tensor] = []
        for r in range(places):
            without = torch.full((places,), -math.inf, dtype=torch.float64)
            if r == 0:
                without[: 1 if self.exactly else places] = 0.0
            else:
                copied = torch.logaddexp(torch.zeros(()).double(), replaced)
                without[1:] = rows[-1][:-1] + copied
                without = torch.logaddexp(without, rows[-1] + self.log_weight)
            rows.append(_along(without, inserted))
        return torch.stack(rows)

    @property
    def _log_replaced(self) -> Tensor:
        """Log (A - 1) w, a scalar: -inf with one symbol."""
        return torch.tensor(self.symbols - 1.0, dtype=torch.float64).log() + self.log_weight

    @property
    def _log_inserted(self) -> Tensor:
        return torch.tensor(float(self.symbols), dtype=torch.float64).log() + self.log_weight

    def draw(
        self, tokens: Tensor, lengths: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """An alignment each, drawn in proportion to its factor: the y that it writes.

        Args:
            tokens: (N, T') of x.
            lengths: (N,), 0 or more.
            generator: source of all randomness.

        Returns:
            Tokens (N, T) and lengths (N,) of y.
        """
        table = self._table.to(tokens.device)
        left, room = lengths.clone(), torch.full_like(lengths, self.length)
        written, done = torch.zeros_like(lengths), torch.zeros_like(lengths, dtype=torch.bool)
        found = tokens.new_zeros(len(tokens), self.length)
        while not bool(done.all()):
            kind = _choose(self._odds(table, left, room), uniform_numbers(generator, *left.shape))
            kind = kind.masked_fill(done, _STOP)
            done = kind == _STOP
            at = (lengths - left).clamp(max=tokens.shape[1] - 1)
            source = tokens.gather(1, at[:, None])[:, 0]
            token = self._written(kind, source, generator)
            writes = (kind == _KEEP) | (kind == _REPLACE) | (kind == _INSERT)
            place = written.clamp(max=self.length - 1)[:, None]
            kept = found.gather(1, place)[:, 0]
            found.scatter_(1, place, torch.where(writes, token, kept)[:, None])
            written, room = written + writes.long(), room - writes.long()
            left = left - (~done & (kind != _INSERT)).long()
        return found, written

    def _odds(self, table: Tensor, left: Tensor, room: Tensor) -> Tensor:
        """(N, 5) log weight of each step with `left` tokens of x and `room` for y."""
        out = table.new_full((len(left),), -math.inf)
        less, smaller = (left - 1).clamp(min=0), (room - 1).clamp(min=0)
        both, source, place = (left > 0) & (room > 0), left > 0, room > 0
        ends = (left == 0) & ((room == 0) if self.exactly else torch.ones_like(place))
        copied, deleted, inserted = (
            table[less, smaller],
            table[less, room] + self.log_weight,
            table[left, smaller] + self._log_inserted,
        )
        return torch.stack(
            [
                torch.zeros_like(out).where(ends, out),
                copied.where(both, out),
                (copied + self._log_replaced).where(both, out),
                deleted.where(source, out),
                inserted.where(place, out),
            ],
            dim=1,
        )

    def _written(self, kind: Tensor, source: Tensor, generator: torch.Generator) -> Tensor:
        """(N,) the token that a step writes: that of x, another one, or any."""
        others = self.symbols - (kind == _REPLACE).long()
        pick = (uniform_numbers(generator, *source.shape) * others).long()
        other = (source + 1 + pick) % self.symbols
        return torch.where(kind == _KEEP, source, torch.where(kind == _REPLACE, other, pick))

    def log_sum(self, tokens: Tensor, lengths: Tensor, other: Tensor, written: Tensor) -> Tensor:
        """(N,) log S(x, y), the sum over all alignments of x and y."""
        weight = torch.tensor(self.log_weight, dtype=torch.float64, device=tokens.device)
        width = other.shape[1] + 1
        row = weight * torch.arange(width, device=tokens.device).expand(len(tokens), -1)
        for t in range(int(lengths.max())):
            same = other == tokens[:, t : t + 1]
            after = row + weight
            after[:, 1:] = torch.logaddexp(after[:, 1:], row[:, :-1] + weight.where(~same, 0.0))
            row = _along(after, weight).where(t < lengths[:, None], row)
        return row.gather(1, written[:, None])[:, 0]


def _distance(tokens: Tensor, lengths: Tensor, other: Tensor, written: Tensor) -> Tensor:
    """(N,) float64: the recursion of Wagner and Fischer, a token of x at a time."""
    places = torch.arange(other.shape[1] + 1, dtype=torch.float64, device=tokens.device)
    row = places.expand(len(tokens), -1)
    for t in range(int(lengths.max())):
        after = row + 1
        differs = (other != tokens[:, t : t + 1]).double()
        after[:, 1:] = torch.minimum(after[:, 1:], row[:, :-1] + differs)
        after = (after - places).cummin(1).values + places  # insertions
        row = after.where(t < lengths[:, None], row)
    return row.gather(1, written[:, None])[:, 0]


def _along(without: Tensor, inserted: Tensor) -> Tensor:
    """(..., N): sums with any number of insertions after them, from those without."""
    steps = inserted * torch.arange(without.shape[-1], device=without.device)
    return (without - steps).logcumsumexp(-1) + steps


def _choose(log_weights: Tensor, uniform: Tensor) -> Tensor:
    """(N,) a column each, in proportion to the weights (N, K); never one of weight 0."""
    shares = (log_weights - log_weights.amax(1, keepdim=True)).exp().cumsum(1)
    return (shares / shares[:, -1:] <= uniform[:, None]).sum(1)


def _squeezed(tokens: Tensor, end_token: int | None) -> Tensor:
    """Numbers of the symbols: tokens, with the end token left out of the count."""
    return tokens if end_token is None else tokens - (tokens > end_token).long()


def _with_ends(symbols: Tensor, lengths: Tensor, end_token: int | None) -> SequenceBatch:
    """Symbols (B, T) as tokens again, with an end where there is room for one."""
    steps = torch.arange(symbols.shape[1], device=symbols.device)
    if end_token is None:
        return SequenceBatch(symbols, lengths)
    tokens = (symbols + (symbols >= end_token).long()).where(steps < lengths[:, None], 0)
    tokens = tokens.masked_fill(steps == lengths[:, None], end_token)
    return SequenceBatch(tokens, (lengths + 1).clamp(max=symbols.shape[1]))
