"""Collections that copies of the policy sample, in this process or on a Ray cluster.

A collection is divided into parts. Each is a function of the policy's weights at that update, of a
seed drawn for the collection and of its number. So whoever samples it, and however often, it holds
the same sequences, and an actor or a node that dies costs time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.exploration import Exploration

SEEDS = 2**62


@dataclass(frozen=True)
class Part:
    """What is sampled.

    Attributes:
        seed: of the collection.
        number: of the part in it.
        count: sequences.
        strength: of the exploration.
    """

    seed: int
    number: int
    count: int
    strength: float


@dataclass(frozen=True)
class Written:
    """What was sampled: (B, T) tokens, (B,) lengths, and (B,) log pi(x) or None; on the CPU."""

    tokens: Tensor
    lengths: Tensor
    log_policy: Tensor | None


class Roller:
    """A copy of the policy, which samples parts with the weights that it is sent.

    Args:
        policy: whose weights are replaced.
        exploration: what is sampled in place of the policy.
        task: its prior and its reward play no part.
        device: where the policy computes.
        compares: whether log pi(x) is asked for.
    """

    def __init__(
        self,
        policy: TunedPolicy,
        exploration: Exploration,
        task: Task,
        device: torch.device,
        *,
        compares: bool,
    ) -> None:
        self._policy, self._exploration, self._compares = policy, exploration, compares
        self._length, self._end_token, self._prime = task.length, task.end_token, task.prime
        self.device = device

    def sample(self, weights: Mapping[str, Tensor] | None, part: Part) -> Written:
        """The sequences of a part, in one thread; without weights the policy is as it should be."""
        if weights is not None:
            self._policy.values.load_state_dict(weights)
            self._exploration.strength = part.strength
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the last bits of sums depend on it
        try:
            sampled = rollout(
                self._policy,
                part.count,
                self._length,
                named_generator(part.seed, f"part {part.number}", self.device),
                end_token=self._end_token,
                explore=self._exploration,
                prime=self._prime,
                keep_log_probs=self._compares,
            )
        finally:
            torch.set_num_threads(threads)
        batch, log_policy = sampled.batch, None
        if sampled.log_probs is not None:
            log_policy = taken(sampled.log_probs, batch.tokens).where(batch.mask, 0.0).sum(1).cpu()
        return Written(batch.tokens.cpu(), batch.lengths.cpu(), log_policy)


class SamplesParts(Protocol):
    """Samples the parts of a collection."""

    def begin(self, parts: Sequence[Part]) -> Callable[[], list[Written]]:
        """Begin with the policy as it is now; what is returned waits for the end."""


class PartsHere:
    """Samples parts in this process, at once. Satisfies `SamplesParts`."""

    def __init__(self, roller: Roller) -> None:
        self._roller = roller

    def begin(self, parts: Sequence[Part]) -> Callable[[], list[Written]]:
        """Sample one part after the other."""
        found = [self._roller.sample(None, part) for part in parts]
        return lambda: found


class Rollouts:
    """Samples collections in parts.

    Args:
        parts: of a collection.
        sampler: samples them.
        exploration: whose strength is sent along.
    """

    def __init__(self, parts: int, sampler: SamplesParts, exploration: Exploration) -> None:
        self._parts, self._sampler, self._exploration = parts, sampler, exploration

    def begin(
        self, count: int, generator: torch.Generator
    ) -> Callable[[], tuple[SequenceBatch, Tensor | None]]:
        """Begin to sample a collection.

        Args:
            count: B.
            generator: draws its seed.

        Returns:
            A function that waits for the B sequences and (B,) log pi(x), None if not needed.
        """
        device = generator.device
        seed = int(torch.randint(SEEDS, (), generator=generator, device=device))
        ends = [count * number // self._parts for number in range(self._parts + 1)]
        strength = self._exploration.strength
        parts = [
            Part(seed, number, end - begin, strength)
            for number, (begin, end) in enumerate(pairwise(ends))
            if end > begin
        ]
        wait = self._sampler.begin(parts)

        def joined() -> tuple[SequenceBatch, Tensor | None]:
            written = wait()
            tokens = torch.cat([one.tokens for one in written]).to(device)
            lengths = torch.cat([one.lengths for one in written]).to(device)
            known = [one.log_policy for one in written if one.log_policy is not None]
            log_policy = torch.cat(known).to(device) if known else None
            return SequenceBatch(tokens, lengths), log_policy

        return joined
