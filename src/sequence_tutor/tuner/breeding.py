"""New sequences that are children of good ones: a search by crossing, beside the policy.

Parents are drawn by rank. With a critic, children are bred for several generations by its
prediction before any of them is scored; without one, each child of replay is scored as it comes.
Learning from them needs no correction: Q, Psi and G learn from whatever was sampled.

The idea is that of Genetic GFN (Kim et al. 2024, https://arxiv.org/abs/2402.05961), which breeds
beside a policy, and of Tripp and Hernandez-Lobato 2024 (https://arxiv.org/abs/2406.07709), who
maximise an acquisition function by breeding.
"""

from __future__ import annotations

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.replay.sampling import draw_shifted_ranks
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.fenced import Fenced, are_inside

POPULATION = 500
"""Sequences that parents are drawn from: the best of replay, or those of the highest prediction."""

SHIFT = 0.01
"""The k-th best is a parent with density proportional to 1 / (this share of all + k)."""


class Breeder:
    """Breeds the sequences of replay.

    Args:
        task: whose crosser makes the children.
        replay: where parents come from.
        share: of a collection, 0..1, that is bred.
        generator: source of all randomness.
        chooser: its prediction is maximised; None: children of replay are taken as they are.
        generations: times that children become parents; used with a chooser.
        children: bred each time; likewise.

    Raises:
        UserError: sequences are to be bred, and cannot be.
    """

    def __init__(
        self,
        task: Task,
        replay: SequenceReplay,
        share: float,
        generator: torch.Generator,
        chooser: Chooses | None = None,
        generations: int = 1,
        children: int = 1,
    ) -> None:
        if share and task.crosser is None:
            raise UserError(
                f"exploration.breed is {share}, expected 0: nothing crosses two of these sequences"
            )
        if share and task.prefix:
            raise UserError(
                f"exploration.breed is {share}, expected 0 with a beginning that is given: a child "
                "of two sequences would begin otherwise"
            )
        self.crosser, self.replay, self.share = task.crosser, replay, share
        self.reward = task.reward
        self.generator, self.chooser = generator, chooser
        self.generations, self.children = generations, children

    def count(self, size: int) -> int:
        """Of a collection of `size`, how many sequences: none of an empty replay."""
        return int(self.share * size) if len(self.replay) and self.crosser is not None else 0

    def __call__(self, count: int, among: SequenceBatch | None = None) -> SequenceBatch | None:
        """Children, the oldest first; None: no parents had any.

        Args:
            count: without a chooser, how many at most.
            among: other sequences that may be parents, with a chooser.
        """
        if self.chooser is None:
            return self._children(self._best(), count)
        population = self._best()
        if among is not None:
            population = population + among
        if not len(population):
            return None
        rates = self.chooser.rate(population)
        born: SequenceBatch | None = None
        for _ in range(self.generations):
            order = rates.argsort(descending=True, stable=True)
            order = order[rates[order].isfinite()][:POPULATION]
            population, rates = population[order.to(population.tokens.device)], rates[order]
            if not len(population):
                break
            children = self._children(population, self.children)
            if children is None:
                continue
            population = population + children
            rates = torch.cat([rates, self.chooser.rate(children)])
            born = children if born is None else born + children
        return born

    def _best(self) -> SequenceBatch:
        """The best of replay inside a fence, in order."""
        best = self.replay.read(self.replay.ranked()[:POPULATION])
        inside = are_inside(self.reward, best.terms)
        return best.batch if inside is None else best.batch[inside]

    def _children(self, population: SequenceBatch, count: int) -> SequenceBatch | None:
        """Children inside a fence of parents drawn by their place in a population, best first."""
        assert self.crosser is not None  # `count` is 0 without
        if not len(population):
            return None
        mothers, fathers = (
            population[draw_shifted_ranks(len(population), count, SHIFT, self.generator)]
            for _ in range(2)
        )
        born = self.crosser.cross(mothers, fathers, self.generator)
        if born is None or not isinstance(self.reward, Fenced):
            return born
        inside = self.reward.fence.inside(born)
        return born[inside] if bool(inside.any()) else None
