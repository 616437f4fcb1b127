"""Measuring a policy by sampling it, without touching any training state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import tempered, token_entropy, token_kl
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.choosing import Crosses
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class Measured:
    """Sampled sequences with everything that is reported of them.

    Attributes:
        batch: the sequences; T is the length of the longest.
        terms: (B, T, R) unscaled rewards.
        log_prior: (B, T) log p of each chosen token; likewise `log_policy`. 0 beyond the end and
            for tokens that were given, not chosen; so are the three below.
        log_reference: (B, T) log p of each token at the objective's prior temperature.
        kl: (B, T) exact KL(pi || p) at each visited state.
        entropy: (B, T) entropy of pi there.
        chosen: (B,) tokens of each sequence that were chosen.
    """

    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor
    log_policy: Tensor
    log_reference: Tensor
    kl: Tensor
    entropy: Tensor
    chosen: Tensor


class Spells(Protocol):
    """Knows that one thing can be written as several sequences; domains may."""

    def varied(
        self, batch: SequenceBatch, generator: torch.Generator, share: float = 0.5
    ) -> SequenceBatch:
        """The same things, about a `share` written in another way, in a batch of the same width."""

    def settled(self, batch: SequenceBatch) -> SequenceBatch:
        """The same things as training data write them, in a batch of the same width."""


class Opens(Protocol):
    """Knows what of a sequence is met first, and may be the same in most of them; domains may.

    Sequences that all differ may still all begin with one rhythm, or stand on one scaffold.
    """

    opening: str
    """What it is called, such as "rhythm of the first bar"."""

    def openings(self, batch: SequenceBatch, given: int) -> Sequence[Hashable]:
        """That of each sequence that has one, not counting tokens that were given."""


def commonest(openings: Sequence[Hashable]) -> float:
    """The share of the opening that most of them have; 0 where there are none."""
    if not openings:
        return 0.0
    return Counter(openings).most_common(1)[0][1] / len(openings)


@dataclass(frozen=True)
class Task:
    """What a policy is tuned and measured on.

    Attributes:
        prior: the frozen p(a|s).
        reward: scores sequences.
        length: T, most tokens of a sequence.
        end_token: the token that ends one, or None.
        prior_temperature: T of the objective's prior, p^(1/T) normalised at every state.
        prefix: tokens that every sequence begins with; they are given, not chosen.
        speller: writes sequences in other ways, where there are any.
        opener: knows how sequences begin, where that is to be watched.
        crosser: makes children of two sequences, where there can be any.
        real: how often real sequences open as most of them do, in words; empty: it is not known.
        only: the tokens that a policy may choose; empty: all. What is optimal is then the optimum
            of this task among the sequences of these tokens.
    """

    prior: Prior
    reward: Reward
    length: int
    end_token: int | None = None
    prior_temperature: float = 1.0
    prefix: tuple[int, ...] = ()
    speller: Spells | None = None
    opener: Opens | None = None
    crosser: Crosses | None = None
    real: str = ""
    only: tuple[int, ...] = ()

    @property
    def prime(self) -> Tensor | None:
        """(P,) the prefix as a rollout takes it."""
        return torch.tensor(self.prefix, dtype=torch.int64) if self.prefix else None


def score(reward: Reward, batch: SequenceBatch) -> Tensor:
    """What each term pays at each step, (B, T, R).

    Raises:
        UserError: some number is not finite; names the term and the sequence.
    """
    terms = reward(batch)
    finite = terms.isfinite()
    if not bool(finite.all()):
        row, _, term = (~finite).nonzero()[0].tolist()
        raise UserError(
            f"rule {reward.names[term]!r} gave a reward that is not a finite number for the "
            f"sequence {batch[row : row + 1].to_lists()[0]}"
        )
    return terms


@torch.no_grad()
def log_likelihood(prior: Prior, batch: SequenceBatch, given: int) -> list[float]:
    """Log p(x) of each sequence, not counting the first `given` tokens."""
    mask = batch.mask_after(given)
    found: Tensor = taken(prior.sequence_log_probs(batch.tokens), batch.tokens)
    likelihoods: list[float] = found.double().where(mask, 0.0).sum(1).tolist()
    return likelihoods


@torch.no_grad()
def measure(
    policy: Prior, task: Task, count: int, generator: torch.Generator, batch: int = 1024
) -> Iterator[Measured]:
    """Sample `count` sequences from the policy itself, without exploration, batch by batch."""
    for begin in range(0, count, batch):
        size = min(batch, count - begin)
        sampled = rollout(
            policy,
            size,
            task.length,
            generator,
            end_token=task.end_token,
            prime=task.prime,
            keep_log_probs=True,
        )
        assert sampled.log_probs is not None  # asked for above
        own = sampled.batch.trimmed
        log_policy = sampled.log_probs[:, : own.tokens.shape[1]]
        yield _measured(policy, task, own, None, log_policy)


@torch.no_grad()
def measure_given(policy: Prior, task: Task, batch: SequenceBatch, terms: Tensor) -> Measured:
    """What is reported of given sequences, (B, T), and of what they were paid, (B, T, R)."""
    return _measured(policy, task, batch, terms, policy.sequence_log_probs(batch.tokens))


def _measured(
    policy: Prior, task: Task, own: SequenceBatch, terms: Tensor | None, log_policy: Tensor
) -> Measured:
    """Everything of some sequences; `log_policy` is (B, T, V), and terms None are computed."""
    tokens, mask = own.tokens, own.mask_after(len(task.prefix))
    log_prior = (  # (B, T, V); of the prior itself we know it already
        log_policy if policy is task.prior else task.prior.sequence_log_probs(tokens)
    )
    return Measured(
        own,
        score(task.reward, own) if terms is None else terms,
        taken(log_prior, tokens).where(mask, 0.0),
        taken(log_policy, tokens).where(mask, 0.0),
        taken(tempered(log_prior, task.prior_temperature), tokens).where(mask, 0.0),
        token_kl(log_policy, log_prior).where(mask, 0.0),
        token_entropy(log_policy).where(mask, 0.0),
        mask.sum(1),
    )
