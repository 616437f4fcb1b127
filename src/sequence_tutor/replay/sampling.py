"""Which stored sequences an update learns from: by rank of return, or by TD error.

The second is prioritised experience replay, proportional variant (Schaul et al. 2016, *Prioritized
experience replay*, Eq. 1 and section 3.4, https://arxiv.org/abs/1511.05952): with
p_i = |TD error of i| + a little,

    P(i) = p_i^alpha / sum_j p_j^alpha,      w_i = (N P(i))^-beta / max_j w_j,

where the w_i weigh the squared errors and correct the bias of the sampling as beta rises to 1.
Differences from the paper:

1. What is drawn is a whole sequence, or a step of one, never a single transition: a recurrent state
   has to be computed from the start anyway. With steps, only the error at the drawn step (of the
   path from it, where paths are longer) is learned from.
2. One pass through a sequence gives the errors of all of its steps, so all their priorities are
   renewed, not only that of the drawn step.
3. The largest w is taken over the draws of a batch. Fresh sequences, drawn beside them from the
   newest collection, have weight 1: they are drawn on purpose, which is no bias to correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sequence_tutor.randomness import uniform_numbers
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.replay.sum_tree import SumTree


@dataclass(frozen=True)
class Drawn:
    """What an update learns from.

    Attributes:
        places: (B,) int64 in replay.
        weights: (B,) float32: how much each counts in the loss; 1 where nothing is to be corrected.
        steps: (B,) int64: the one step that each was drawn for; None: all of its steps.
    """

    places: Tensor
    weights: Tensor
    steps: Tensor | None = None

    def __add__(self, other: Drawn) -> Drawn:
        """Both, one after the other; either both have steps or none has."""
        steps = [one.steps for one in (self, other) if one.steps is not None]
        return Drawn(
            torch.cat([self.places, other.places]),
            torch.cat([self.weights, other.weights]),
            torch.cat(steps) if steps else None,
        )


class Sampler:
    """Draws from the whole store by rank of return; told of what is stored and its errors.

    Args:
        replay: the store, which ranks its sequences itself.
        by_return: 0 draws uniformly; else by rank, see `draw_ranks`.
        shift: not 0: ranks are drawn as in `draw_shifted_ranks` instead.
    """

    def __init__(self, replay: SequenceReplay, by_return: float = 0.0, shift: float = 0.0) -> None:
        self.replay, self.by_return, self.shift = replay, by_return, shift

    def newest(self, count: int, generator: torch.Generator) -> Drawn:
        """Draw uniformly from the sequences that were added last, each with weight 1."""
        return _weighing_1(draw_newest(self.replay, count, generator))

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """Draw from the whole store when `share` (0..1) of all updates is done."""
        size = len(self.replay)
        if self.shift:
            ranks = draw_shifted_ranks(size, count, self.shift, generator)
        else:
            ranks = draw_ranks(size, count, self.by_return, generator)
        return _weighing_1(self.replay.ranked()[ranks])

    def added(self, places: Tensor, lengths: Tensor) -> None:
        """Sequences of `lengths` (B,) have been written to `places` (B,)."""

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        """TD errors of an update: (B,), and (B, T) where every step has its own."""

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly, beside the store."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back; the store has been restored before."""


def _weighing_1(places: Tensor) -> Drawn:
    return Drawn(places, torch.ones(len(places), device=places.device))


def draw_newest(replay: SequenceReplay, count: int, generator: torch.Generator) -> Tensor:
    """(count,) places of sequences added last, each once before any is met again.

    Fresh sequences keep learning honest about what the policy does now; sequences of high return,
    or of large error, are found once and would be forgotten.
    """
    newest = replay.newest()
    order = torch.randperm(len(newest), generator=generator, device=newest.device)
    return newest[order[torch.arange(count, device=newest.device) % len(newest)]]


def draw_ranks(size: int, count: int, exponent: float, generator: torch.Generator) -> Tensor:
    """Draw ranks with replacement, the k-th best with density proportional to k^-exponent.

    The distribution is inverted in closed form on the continuum (0, size]: the share of ranks up
    to k is (k / size)^(1 - exponent).

    Args:
        size: ranks are 0 .. size - 1.
        count: draws.
        exponent: 0 is uniform; towards 1 only the best are drawn.
        generator: source of randomness.

    Returns:
        (count,) int64.
    """
    uniform = uniform_numbers(generator, count)
    return (uniform ** (1 / (1 - exponent)) * size).long()


def draw_shifted_ranks(size: int, count: int, shift: float, generator: torch.Generator) -> Tensor:
    """Draw ranks with replacement, the k-th best with density proportional to 1 / (shift N + k).

    Of N sequences, on the continuum (0, N]: the share of ranks up to k is
    log(1 + k / (shift N)) / log(1 + 1 / shift), which is inverted in closed form. With a shift of
    .01, as in Genetic GFN (Kim et al. 2024, https://arxiv.org/abs/2402.05961), the best hundredth
    is drawn with a probability of .15, the better half with .85.

    Args:
        size: N; ranks are 0 .. N - 1.
        count: draws.
        shift: towards 0 only the best are drawn; a large one is uniform.
        generator: source of randomness.

    Returns:
        (count,) int64.
    """
    uniform = uniform_numbers(generator, count)
    ranks = shift * size * ((1 + 1 / shift) ** uniform - 1)
    return ranks.long().clamp(max=size - 1)


LEAST_PRIORITY = 1e-6
"""Added to every error, so that what is solved is still met now and then."""


class PrioritySampler(Sampler):
    """Draws sequences, or steps of them, by TD error.

    Args:
        replay: the store.
        by_step: whether a step is drawn, with a priority of its own.
        exponent: alpha; 0 draws uniformly.
        importance: beta at the first and at the last update.
        first_step: steps before it were given, not chosen, and are never drawn.
    """

    def __init__(
        self,
        replay: SequenceReplay,
        *,
        by_step: bool,
        exponent: float,
        importance: tuple[float, float],
        first_step: int = 0,
    ) -> None:
        super().__init__(replay)
        self.exponent, self.importance = exponent, importance
        self.by_step, self.first_step = by_step, first_step
        self._leaves = replay.length if by_step else 1  # of a sequence
        self._tree = SumTree(replay.capacity * self._leaves, replay.device)

    @property
    def probabilities(self) -> Tensor:
        """(N, 1), or (N, T) of steps: P(i) of everything stored."""
        return self._table() / self._tree.total

    def added(self, places: Tensor, lengths: Tensor) -> None:
        """New sequences get the largest priority there is, so that each is soon met."""
        largest = self._tree.values.max()
        priorities = torch.where(largest > 0, largest, 1.0).expand(len(places), self._leaves)
        if self.by_step:
            priorities = priorities.where(self._chosen(lengths), 0.0)
        self._tree.set(self._leaves_of(places).flatten(), priorities.flatten())

    def newest(self, count: int, generator: torch.Generator) -> Drawn:
        """Each with weight 1; of steps, any of a sequence's own is as likely."""
        drawn = super().newest(count, generator)
        if not self.by_step:
            return drawn
        chosen = self.replay.lengths(drawn.places) - self.first_step
        uniform = uniform_numbers(generator, count)
        return replace(drawn, steps=self.first_step + (uniform * chosen).long())

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """One from each of `count` equal parts of the sum of priorities, as in appendix B.2.1."""
        uniform = uniform_numbers(generator, count)
        parts = torch.arange(count, device=uniform.device)
        leaves = self._tree.find((parts + uniform) / count * self._tree.total)
        priority = self._tree.values[leaves]
        begin, end = self.importance
        beta = begin + (end - begin) * share
        # N and the sum of priorities cancel against those of the largest weight
        weights = (priority.amin() / priority) ** beta if count else priority
        steps = leaves % self._leaves if self.by_step else None
        return Drawn(leaves // self._leaves, weights.float(), steps)

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        """The errors become priorities."""
        if not self.by_step:
            self._tree.set(drawn.places, self._priority(by_sequence))
            return
        if by_step is None:
            raise ValueError("priorities of steps need an error of every step")
        read = by_step.shape[1]  # the longest sequence of the batch may have less than T tokens
        chosen = self._chosen(self.replay.lengths(drawn.places))[:, :read]
        leaves = self._leaves_of(drawn.places)[:, :read]
        self._tree.set(leaves[chosen], self._priority(by_step[chosen]))

    def _priority(self, errors: Tensor) -> Tensor:
        """p^alpha of TD errors."""
        return (errors.abs().double() + LEAST_PRIORITY) ** self.exponent

    def _leaves_of(self, places: Tensor) -> Tensor:
        """(B, L) leaves of sequences, one or T each."""
        return places[:, None] * self._leaves + torch.arange(self._leaves, device=places.device)

    def _chosen(self, lengths: Tensor) -> Tensor:
        """(B, T) bool: the steps whose token was chosen, not given, and not beyond the end."""
        steps = torch.arange(self._leaves, device=lengths.device)
        return (steps >= self.first_step) & (steps < lengths[:, None])

    def _table(self) -> Tensor:
        return self._tree.values.view(-1, self._leaves)[: len(self.replay)]

    def state(self) -> dict[str, Tensor]:
        """p^alpha of everything stored."""
        return {"priorities": self._table()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put saved priorities back."""
        priorities = state["priorities"].flatten()
        self._tree.set(torch.arange(len(priorities), device=self.replay.device), priorities)
