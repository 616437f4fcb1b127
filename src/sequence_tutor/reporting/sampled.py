"""Sequences to show: those sampled for the evaluation, otherwise new ones."""

from __future__ import annotations

from collections.abc import Callable

from sequence_tutor.evaluation.model import Model
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch

MOST_KEPT = 1024
"""Most sequences that are kept of each model."""


class Sampled:
    """Sampled sequences of some models, by their names.

    Models without any are sampled `count` times. `more` samples so many distinct sequences, however
    long it takes.
    """

    def __init__(self, seed: int, count: int, more: Callable[[Model, int], SequenceBatch]) -> None:
        self._seed, self._count, self._more = seed, count, more
        self._rows: dict[str, list[list[int]]] = {}

    def keep(self, model: Model, batch: SequenceBatch) -> None:
        """Keep the first sequences that an evaluation samples."""
        rows = self._rows.setdefault(model.name, [])
        rows += batch[: MOST_KEPT - len(rows)].to_lists()

    def at_most(self, model: Model, count: int) -> SequenceBatch:
        """The first distinct sequences of a model: `count`, or fewer if there are no more."""
        return SequenceBatch.from_lists(self._distinct(model)[:count])

    def exactly(self, model: Model, count: int) -> SequenceBatch:
        """`count` distinct sequences of a model.

        Raises:
            UserError: it has fewer.
        """
        found = self._distinct(model)[:count]
        if len(found) < count:
            return self._more(model, count)
        return SequenceBatch.from_lists(found)

    def _distinct(self, model: Model) -> list[list[int]]:
        if model.name not in self._rows:
            self.keep(model, self._drawn(model))
        return [list(row) for row in dict.fromkeys(map(tuple, self._rows[model.name]))]

    def _drawn(self, model: Model) -> SequenceBatch:
        """The sequences that an evaluation with the same seed and count begins with."""
        generator = named_generator(self._seed, "evaluate", model.device)
        task = model.task
        return rollout(
            model.policy,
            min(self._count, MOST_KEPT),
            task.length,
            generator,
            end_token=task.end_token,
            prime=task.prime,
        ).batch
