"""The particles of sequential Monte Carlo while they are being written."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.models import State
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch


@dataclass
class Cloud:
    """K particles while they are being written.

    Attributes:
        tokens: (K, T), 0 where nothing is written yet.
        lengths: (K,), T until a particle ends.
        previous: (K,) the last token.
        alive: (K,) bool: whether the particle goes on; `writing` is the same before this token.
        log_weights: (K,) without the twist.
        paid: (K,) the part of them that was paid as reward.
        own: state of the policy; likewise `prior`.
        place: (K,) where each is in a guide; 0 without one.
    """

    tokens: Tensor
    lengths: Tensor
    previous: Tensor
    alive: Tensor
    writing: Tensor
    log_weights: Tensor
    paid: Tensor
    own: State
    prior: State
    place: Tensor

    @classmethod
    def begin(cls, policy: Prior, task: Task, count: int, device: torch.device) -> Cloud:
        """Nothing written yet."""
        alive = torch.ones(count, dtype=torch.bool, device=device)
        return cls(
            tokens=torch.zeros(count, task.length, dtype=torch.int64, device=device),
            lengths=torch.full((count,), task.length, device=device),
            previous=torch.full((count,), policy.vocab_size, device=device),
            alive=alive,
            writing=alive,
            log_weights=torch.zeros(count, dtype=torch.float64, device=device),
            paid=torch.zeros(count, dtype=torch.float64, device=device),
            own=policy.initial_state(count),
            prior=task.prior.initial_state(count),
            place=torch.zeros(count, dtype=torch.int64, device=device),
        )

    @property
    def batch(self) -> SequenceBatch:
        """The sequences as they stand."""
        return SequenceBatch(self.tokens, self.lengths)

    def write(self, t: int, token: Tensor, end_token: int | None) -> None:
        """Put token t (K,) after every particle that goes on."""
        self.tokens[:, t] = token.where(self.alive, 0)
        self.previous, self.writing = token, self.alive
        if end_token is not None:
            ends = self.alive & (token == end_token)
            self.lengths = self.lengths.where(~ends, t + 1)
            self.alive = self.alive & ~ends

    def earn(self, earned: Tensor) -> None:
        """Add what the token just written has earned, (K,)."""
        self.log_weights = self.log_weights + earned.where(self.writing, 0.0)

    def pay(self, rows: Tensor, total: Tensor) -> None:
        """Add what the sequences at `rows` are paid as they stand, beyond what they had before."""
        paid = self.paid.index_put((rows,), total.double())
        self.log_weights, self.paid = self.log_weights + paid - self.paid, paid

    def chosen(self, rows: Tensor, log_weights: Tensor) -> Cloud:
        """The particles at `rows` (K,), with new weights (K,)."""
        return Cloud(
            self.tokens[rows],
            self.lengths[rows],
            self.previous[rows],
            self.alive[rows],
            self.writing[rows],
            log_weights,
            self.paid[rows],
            tuple(memory[rows] for memory in self.own),
            tuple(memory[rows] for memory in self.prior),
            self.place[rows],
        )
