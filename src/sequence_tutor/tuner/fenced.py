"""A reward that is asked of sequences inside a fence only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.reward.looking_ahead import PaysAtTheEnd
from sequence_tutor.reward.protocol import (
    Aggregates,
    Explains,
    KeepsScores,
    LeavesOut,
    Prepares,
    Remembers,
    Reports,
    Reward,
    shares_of,
)
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import named, under
from sequence_tutor.tuner.fence import Fence, Numbers
from sequence_tutor.tuner.settings import TuneSettings

OUTSIDE = "outside"
"""The term that pays -1 for a sequence outside, which no other term is asked about."""


class Fenced:
    """A reward with one more term, `outside`. Satisfies every protocol of a reward.

    Whatever the reward does not offer, this one offers without effect.

    Args:
        reward: of sequences inside.
        fence: says which these are.
        price: what a sequence outside costs, in the unit of the reward.

    Raises:
        UserError: the reward has a term of that name.
    """

    def __init__(self, reward: Reward, fence: Fence, price: float) -> None:
        if OUTSIDE in reward.names:
            raise UserError(f"a term of the reward is called {OUTSIDE!r}, as that of the fence is")
        self.reward, self.fence = reward, fence
        self.names: tuple[str, ...] = (*reward.names, OUTSIDE)
        own = torch.tensor([price], dtype=torch.float64)
        self.weights = torch.cat([reward.weights.double().cpu(), own])
        self.pays_at_the_end = isinstance(reward, PaysAtTheEnd) and reward.pays_at_the_end
        # whether a step is paid for depends on how the sequence goes on
        self.looks_ahead = () if self.pays_at_the_end else reward.names
        self.is_slow = isinstance(reward, Prepares) and reward.is_slow
        self.is_expensive = isinstance(reward, KeepsScores) and reward.is_expensive
        self._last: tuple[SequenceBatch, Tensor, SequenceBatch] | None = None

    def scored(self, batch: SequenceBatch) -> tuple[Tensor, SequenceBatch]:
        """(B,) bool, which sequences are inside, and these; the same object for the same batch."""
        if self._last is None or self._last[0] is not batch:
            inside = self.fence.inside(batch)
            self._last = batch, inside, batch if bool(inside.all()) else batch[inside]
        return self._last[1:]

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R + 1) float64: of what is inside the reward's terms, of all others -1."""
        inside, own = self.scored(batch)
        device = batch.tokens.device
        terms = torch.zeros(
            *batch.tokens.shape, len(self.names), dtype=torch.float64, device=device
        )
        if len(own):
            terms[inside, :, :-1] = self.reward(own).double()
        rows = (~inside).nonzero().squeeze(1)
        terms[rows, batch.lengths[rows] - 1, -1] = -1.0
        return terms

    def remember(self, batch: SequenceBatch) -> None:
        """Count what is outside; the reward remembers what is inside."""
        self.fence.count(batch)
        own = self.scored(batch)[1]
        if isinstance(self.reward, Remembers) and len(own):
            self.reward.remember(own)

    def state(self) -> dict[str, Tensor]:
        """That of the reward and of the fence."""
        own = named("reward", self.reward.state()) if isinstance(self.reward, Remembers) else {}
        return {**own, **named("fence", self.fence.state())}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        if isinstance(self.reward, Remembers):
            self.reward.restore(under("reward", state))
        self.fence.restore(under("fence", state))

    def report(self) -> dict[str, float]:
        """That of the reward, and how many collected sequences missed which bound first."""
        own = self.reward.report() if isinstance(self.reward, Reports) else {}
        missed = {f"{OUTSIDE}_{name}": float(one) for name, one in self.fence.missed.items() if one}
        return {**own, **missed}

    @property
    def better(self) -> Mapping[str, Literal["higher", "lower", "nearer 0"] | None]:
        """That of the reward."""
        return self.reward.better if isinstance(self.reward, Explains) else {}

    def explain(self, batch: SequenceBatch) -> Mapping[str, Tensor]:
        """The numbers of sequences inside, NaN for the others."""
        inside, own = self.scored(batch)
        if not isinstance(self.reward, Explains) or not len(own):
            return {}
        found: dict[str, Tensor] = {}
        for name, values in self.reward.explain(own).items():
            found[name] = torch.full((len(batch),), torch.nan, dtype=torch.float64)
            found[name][inside.cpu()] = values.double().cpu()
        return found

    def keep_scores(self, folder: Path) -> None:
        """Let the reward keep its scores."""
        if isinstance(self.reward, KeepsScores):
            self.reward.keep_scores(folder)

    def prepare(self, batch: SequenceBatch) -> None:
        """Let the reward prepare what is inside; called from another thread, so asked anew."""
        inside = self.fence.inside(batch)
        if isinstance(self.reward, Prepares) and bool(inside.any()):
            self.reward.prepare(batch[inside])

    @property
    def aggregate(self) -> str:
        """That of the reward; empty: it has none."""
        return self.reward.aggregate if isinstance(self.reward, Aggregates) else ""

    @property
    def shares(self) -> Mapping[str, float]:
        """Those of the reward."""
        return shares_of(self.reward)

    def share(self, shares: Mapping[str, float]) -> None:
        """Let the reward aggregate with them."""
        if isinstance(self.reward, Aggregates):
            self.reward.share(shares)

    @property
    def left_out(self) -> frozenset[str]:
        """That of the reward."""
        return self.reward.left_out if isinstance(self.reward, LeavesOut) else frozenset()

    def leave_out(self, names: Collection[str]) -> None:
        """Let the reward leave them out."""
        if isinstance(self.reward, LeavesOut):
            self.reward.leave_out([name for name in names if name != OUTSIDE])

    def complete(self, batch: SequenceBatch, terms: Tensor, names: Collection[str]) -> Tensor:
        """(B, T, R + 1) with what `names` pay of sequences inside."""
        rows = are_inside(self, terms)
        if not isinstance(self.reward, LeavesOut) or rows is None or not bool(rows.any()):
            return terms
        completed = terms.clone()
        own = self.reward.complete(batch[rows], terms[rows][..., :-1], names)
        completed[rows] = torch.cat([own, terms[rows][..., -1:]], 2)
        return completed


def are_inside(reward: Reward, terms: Tensor) -> Tensor | None:
    """(B,) bool, which sequences were inside when they were paid; None: there is no fence.

    Args:
        reward: that of a run.
        terms: (B, T, R) what was paid.
    """
    return terms[..., -1].sum(1) == 0 if isinstance(reward, Fenced) else None


def fenced(
    task: Task, settings: TuneSettings, numbers: Callable[[Collection[str]], Numbers]
) -> Task:
    """The task with the fence that the settings ask for; as it is where there is none, or one.

    Raises:
        UserError: see `Fence`.
    """
    if not settings.fence.is_on or isinstance(task.reward, Fenced):
        return task
    fence = Fence(task, settings.fence, numbers)
    return replace(task, reward=Fenced(task.reward, fence, settings.fence.depth * settings.c))
