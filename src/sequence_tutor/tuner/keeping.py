"""The policy that a run with aims ends with: the one of its best stretch, and not its last.

At multipliers that hardly move, a row still moves by a point or more within a few hundred updates:
the network wanders about its optimum, and where it stands when the learning rate reaches zero is
chance. So the second half of a run has stretches of some collections, each of which begins in the
middle of the one before. Of a stretch there is the mean of the weights that sampled in it, and the
mean of what was counted on the sequences themselves, which are the policy's own. The stretch whose
worst bound is met best is kept, with its multipliers. The mean of the weights along a path is,
besides, a better policy than its single points (Izmailov et al. 2018, *Averaging weights leads to
wider optima and better generalization*).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.multipliers import Multipliers

FROM = 0.5
"""Share of the run from which stretches are compared: goals have come to the aims by then."""


@dataclass
class Stretch:
    """Means over the collections of a stretch so far.

    Attributes:
        begun: updates made before the first.
        ended: updates made before the last.
        collections: how many.
        weights: of the network that sampled them.
        means: of counts (2 M,), multipliers (K,) and goals (K,).
    """

    begun: int
    ended: int
    collections: int
    weights: Tensors
    means: Tensors

    def add(self, step: int, weights: Mapping[str, Tensor], means: Mapping[str, Tensor]) -> None:
        """Take in a collection before which `step` updates were made."""
        self.ended, self.collections = step, self.collections + 1
        for kept, new in ((self.weights, weights), (self.means, means)):
            for name, value in new.items():
                kept[name] = torch.lerp(kept.get(name, value), value, 1 / self.collections)


class Keeping:
    """Keeps the policy of the best stretch.

    Args:
        network: the policy's, which samples.
        multipliers: of the run.
        collections: of a stretch.
    """

    def __init__(self, network: nn.Module, multipliers: Multipliers, collections: int) -> None:
        self._network, self._multipliers, self._length = network, multipliers, collections
        self._now: list[Stretch] = []  # the one begun first stands first
        self._best: Stretch | None = None
        self._worst = math.inf

    def follow(self, counts: Tensor, step: int, done: float) -> None:
        """Take in what the policy has just sampled.

        Args:
            counts: (2 M,) means of the counts of its sequences.
            step: updates made.
            done: share of the run's updates that is done, 0..1.
        """
        if done < FROM:
            return
        found = self._multipliers
        means = {"counts": counts, "values": found.values, "goals": found.goals}
        weights = {name: one.detach() for name, one in self._network.named_parameters()}
        if not self._now or self._now[-1].collections >= self._length / 2:
            self._now.append(Stretch(step, step, 0, {}, {}))
        for stretch in self._now:
            stretch.add(step, weights, means)
        if self._now[0].collections == self._length:
            complete = self._now.pop(0)
            worst = found.worst(complete.means["counts"])
            if worst < self._worst:
                self._worst, self._best = worst, complete

    def begin(self) -> None:
        """Forget all stretches: another stage begins."""
        self._now, self._best, self._worst = [], None, math.inf

    def put_back(self) -> list[int]:
        """Give network and multipliers what the best stretch had.

        Returns:
            The updates before its first and its last collection; empty: none was complete.
        """
        if self._best is None:
            return []
        self._network.load_state_dict(self._best.weights, strict=False)
        self._multipliers.values = self._best.means["values"].clone()
        self._multipliers.goals = self._best.means["goals"].clone()
        return [self._best.begun, self._best.ended]

    def state(self) -> Tensors:
        """Everything needed to go on exactly."""
        found = {"worst": torch.tensor(self._worst, dtype=torch.float64)}
        for number, stretch in enumerate(self._now):
            found |= _saved(f"now{number}", stretch)
        return found if self._best is None else {**found, **_saved("best", self._best)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self._worst = float(state["worst"])
        self._now = []
        while (begun := f"now{len(self._now)}") + ".collections" in state:
            self._now.append(_read(begun, state))
        self._best = _read("best", state) if "best.collections" in state else None


def _saved(name: str, stretch: Stretch) -> Tensors:
    numbers = {one: torch.tensor(getattr(stretch, one)) for one in _NUMBERS}
    return named(
        name, {**numbers, **named("weights", stretch.weights), **named("means", stretch.means)}
    )


def _read(name: str, state: Mapping[str, Tensor]) -> Stretch:
    own = under(name, state)
    begun, ended, collections = (int(own[one]) for one in _NUMBERS)
    weights, means = (
        {key: value.clone() for key, value in under(part, own).items()} for part in _PARTS
    )
    return Stretch(begun, ended, collections, weights, means)


_NUMBERS, _PARTS = ("begun", "ended", "collections"), ("weights", "means")
