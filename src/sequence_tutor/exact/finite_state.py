"""The exact optimum of problems in which the past matters only through finitely many states.

An n-gram prior depends on its last tokens, many rules only on the last note or on a count. Their
product is a machine with S states over V tokens, and dynamic programming over (T, S, V) gives the
optimum at lengths and vocabularies that cannot be enumerated: 32 tokens of a vocabulary of 38 in a
second.

Exact samples of the optimum are drawn from the same tables; they bound log Z from above as well as
from below.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class StateTable:
    """A number for every state and token, and the state that the token leads to.

    Attributes:
        next_state: (S, V) int64.
        entries: (S, V) float64: log p(a|s) of a prior, or r(s, a) of a reward.
        start: the state before the first token.
    """

    next_state: Tensor
    entries: Tensor
    start: int = 0

    def __post_init__(self) -> None:
        """Check ranks, types and ranges."""
        if self.next_state.dim() != 2 or self.next_state.dtype != torch.int64:
            raise ValueError(f"next_state must be (S, V) int64, got {self.next_state.shape}")
        if self.entries.shape != self.next_state.shape:
            raise ValueError(
                f"entries must be (S, V) = {tuple(self.next_state.shape)}, "
                f"got {tuple(self.entries.shape)}"
            )
        states = len(self.next_state)
        low, high = int(self.next_state.min()), int(self.next_state.max())
        if not (0 <= self.start < states and low >= 0 and high < states):
            raise ValueError(f"states must be 0 .. {states - 1}, got {self.start}, {low}, {high}")

    @classmethod
    def from_rule(
        cls,
        rule: Callable[[Hashable, int], tuple[Hashable, float]],
        start: Hashable,
        vocab_size: int,
    ) -> StateTable:
        """The table of a rule written as (state, token) -> (next state, number).

        Args:
            rule: called once for each state that can be reached and each token.
            start: its first state; states may be anything hashable.
            vocab_size: V.
        """
        numbers = {start: 0}
        states = [start]
        following: list[list[int]] = []
        entries: list[list[float]] = []
        for state in states:  # grows while it is read
            reached = [rule(state, token) for token in range(vocab_size)]
            for after, _ in reached:
                if after not in numbers:
                    numbers[after] = len(states)
                    states.append(after)
            following.append([numbers[after] for after, _ in reached])
            entries.append([paid for _, paid in reached])
        return cls(torch.tensor(following), torch.tensor(entries, dtype=torch.float64))

    def along(self, tokens: Tensor) -> Tensor:
        """The entry met at each step of sequences, tokens (B, T) -> (B, T)."""
        state = torch.full((len(tokens),), self.start)
        met = []
        for column in tokens.unbind(1):
            met.append(self.entries[state, column])
            state = self.next_state[state, column]
        return torch.stack(met, 1)


@dataclass(frozen=True)
class FiniteProblem:
    """A prior and a reward over the same states.

    Attributes:
        next_state: (S, V) int64.
        log_prior: (S, V) float64.
        reward: (S, V) float64.
        start: the state before the first token.
        length: T.
    """

    next_state: Tensor
    log_prior: Tensor
    reward: Tensor
    start: int
    length: int

    @classmethod
    def product(cls, prior: StateTable, reward: StateTable, length: int) -> FiniteProblem:
        """The pairs of states of both machines that can be reached."""
        if prior.entries.shape[1] != reward.entries.shape[1]:
            raise ValueError(
                f"the prior has {prior.entries.shape[1]} tokens, the reward "
                f"{reward.entries.shape[1]}"
            )
        width = len(reward.next_state)
        frontier = known = torch.tensor([prior.start * width + reward.start])
        while len(frontier):
            after = _step(prior, reward, frontier).unique()
            frontier = after[~torch.isin(after, known)]
            known = torch.cat([known, frontier]).sort().values
        following = torch.searchsorted(known, _step(prior, reward, known))  # (S, V)
        start = int(torch.searchsorted(known, prior.start * width + reward.start))
        of_prior, of_reward = known // width, known % width
        return cls(following, prior.entries[of_prior], reward.entries[of_reward], start, length)


@dataclass(frozen=True)
class FiniteOptimum:
    """The fixed point of an algorithm on a `FiniteProblem`.

    Attributes:
        problem: what it solves.
        values: (T, S, V) action values; for the soft optimum Psi*, for the hard one Q*.
        log_policy: (T, S, V) log softmax of them.
        value: of the start; log Z for the soft optimum at gamma = 1.
    """

    problem: FiniteProblem
    values: Tensor
    log_policy: Tensor
    value: float

    def log_probs(self, tokens: Tensor) -> Tensor:
        """Log pi*(a_t|s_t) of sequences, tokens (B, T) -> (B, T)."""
        state = torch.full((len(tokens),), self.problem.start)
        met = []
        for t, column in enumerate(tokens.unbind(1)):
            met.append(self.log_policy[t, state, column])
            state = self.problem.next_state[state, column]
        return torch.stack(met, 1)

    def sample(self, count: int, generator: torch.Generator) -> SequenceBatch:
        """Sequences drawn exactly from pi*."""
        state = torch.full((count,), self.problem.start)
        columns = []
        for level in self.log_policy:
            token = level[state].exp().multinomial(1, generator=generator).squeeze(1)
            columns.append(token)
            state = self.problem.next_state[state, token]
        return SequenceBatch.full(torch.stack(columns, 1))


def finite_soft_optimum(problem: FiniteProblem, c: float, discount: float = 1.0) -> FiniteOptimum:
    """Psi* and its policy (2017 Eq. 13 and 14) at temperature c, which divides the reward."""
    return _backwards(problem, c, discount, lambda values: values.logsumexp(1))


def finite_hard_optimum(problem: FiniteProblem, c: float, discount: float = 1.0) -> FiniteOptimum:
    """Q* with log-prior augmentation (2017 Eq. 4); arguments as of `finite_soft_optimum`."""
    return _backwards(problem, c, discount, lambda values: values.amax(1))


def _backwards(
    problem: FiniteProblem, c: float, discount: float, value_of: Callable[[Tensor], Tensor]
) -> FiniteOptimum:
    """From the last token, after which nothing is paid, to the first."""
    paid = problem.log_prior + problem.reward / c
    value = paid.new_zeros(len(paid))  # (S,): nothing after the last token
    levels = []
    for _ in range(problem.length):
        levels.append(paid + discount * value[problem.next_state])  # (S, V)
        value = value_of(levels[-1])
    values = torch.stack(levels[::-1])  # (T, S, V)
    return FiniteOptimum(problem, values, values.log_softmax(2), float(value[problem.start]))


def _step(prior: StateTable, reward: StateTable, codes: Tensor) -> Tensor:
    """Codes of the pairs of states that each pair leads to, (N,) -> (N, V)."""
    width = len(reward.next_state)
    return prior.next_state[codes // width] * width + reward.next_state[codes % width]
