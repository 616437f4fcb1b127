"""Collecting: sample with exploration, score, remember, and hand over to whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.checkpoints import Tensors, named, under
from sequence_tutor.collected import Collected, Gatherer
from sequence_tutor.measure import Task, score
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import token_kl
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Remembers
from sequence_tutor.rollout import Rollout, rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.exploration import Exploration


@dataclass(frozen=True)
class Fresh:
    """New sequences.

    Attributes:
        batch: B of them.
        terms: (B, T, R) what each term pays.
        kl_per_token: mean exact KL(pi || p) of the tokens chosen; None where it is not measured.
    """

    batch: SequenceBatch
    terms: Tensor
    kl_per_token: float | None


class Collector:
    """Brings new sequences with their rewards.

    Args:
        task: what is sampled, and the reward.
        policy: samples them.
        exploration: what is sampled instead of the policy itself.
        count: B, sequences at a time.
        generator: source of all randomness.
        gatherer: keeps what was found; None: nobody does, and no likelihood is computed.
        measures_kl: whether to measure how far the policy is from the prior.
    """

    def __init__(
        self,
        task: Task,
        policy: Prior,
        exploration: Exploration,
        count: int,
        generator: torch.Generator,
        gatherer: Gatherer | None = None,
        *,
        measures_kl: bool = False,
    ) -> None:
        self.task, self.policy, self.exploration = task, policy, exploration
        self.count, self.generator, self.gatherer = count, generator, gatherer
        self.measures_kl = measures_kl

    def collect(self, step: int, share: float, most: int | None = None) -> Fresh:
        """Sample and score B sequences, fewer where only `most` may still be scored.

        Args:
            step: updates made before.
            share: of all updates, 0..1; exploration follows it.
            most: sequences.
        """
        self.exploration.anneal(share)
        sampled = rollout(
            self.policy,
            self.count if most is None else min(self.count, most),
            self.task.length,
            self.generator,
            end_token=self.task.end_token,
            explore=self.exploration,
            prime=self.task.prime,
            keep_log_probs=self.gatherer is not None or self.measures_kl,
        )
        terms = score(self.task.reward, sampled.batch)
        if self.gatherer is not None:
            self.gatherer.gather(self._collected(step, sampled, terms))
        if isinstance(self.task.reward, Remembers):
            self.task.reward.remember(sampled.batch)
        kl_per_token = self._kl_per_token(sampled) if self.measures_kl else None
        return Fresh(sampled.batch, terms, kl_per_token)

    def _kl_per_token(self, sampled: Rollout) -> float:
        assert sampled.log_probs is not None  # asked for where it is measured
        log_prior = self.task.prior.sequence_log_probs(sampled.batch.tokens)
        chosen = sampled.batch.mask
        chosen[:, : len(self.task.prefix)] = False
        return token_kl(sampled.log_probs, log_prior)[chosen].mean().item()

    def _collected(self, step: int, sampled: Rollout, terms: Tensor) -> Collected:
        assert sampled.log_probs is not None  # asked for where there is a gatherer
        batch = sampled.batch
        log_prior = self.task.prior.sequence_log_probs(batch.tokens)
        return Collected(
            step, batch, terms, _whole(log_prior, batch), _whole(sampled.log_probs, batch)
        )

    def state(self) -> Tensors:
        """Randomness, and what reward and gatherer remember."""
        reward, gatherer = self.task.reward, self.gatherer
        return {
            "generator": self.generator.get_state(),
            **(named("reward", reward.state()) if isinstance(reward, Remembers) else {}),
            **(named("gatherer", gatherer.state()) if gatherer is not None else {}),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.generator.set_state(torch.as_tensor(tensors["generator"]))
        if isinstance(self.task.reward, Remembers):
            self.task.reward.restore(under("reward", tensors))
        if self.gatherer is not None:
            self.gatherer.restore(under("gatherer", tensors))


def _whole(log_probs: Tensor, batch: SequenceBatch) -> Tensor:
    """(B,) log-likelihood of whole sequences from (B, T, V)."""
    return taken(log_probs, batch.tokens).where(batch.mask, 0.0).sum(1)
