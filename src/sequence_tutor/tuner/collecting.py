"""Collecting: sequences are sampled with exploration, scored, remembered and returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sequence_tutor.domain.gathering import Collected, Gatherer
from sequence_tutor.models.next_token import by_length
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import token_kl
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Remembers, Reward
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sampling.rollout import Rollout, rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.breeding import Breeder
from sequence_tutor.tuner.choosing import Choosing, Written
from sequence_tutor.tuner.exploration import Exploration
from sequence_tutor.tuner.fenced import Fenced, are_inside
from sequence_tutor.tuner.given_beginnings import Beginnings
from sequence_tutor.tuner.pending import Sampled, Writing, written
from sequence_tutor.tuner.regrowing import Regrower
from sequence_tutor.tuner.rollouts import Rollouts


@dataclass(frozen=True)
class Fresh:
    """New sequences.

    Attributes:
        batch: B of them.
        terms: (B, T, R) what each term pays.
        log_prior: (B, T, V) log p(.|s_t) of the prior as it is; None where it is not needed.
        kl_per_token: mean exact KL(pi || p) of the tokens chosen; None where it is not needed.
        own: of the sequences, so many are the policy's own; they come first, before the regrown.
        log_policy: (B, T, V) log pi(.|s_t); None where it is not needed.
    """

    batch: SequenceBatch
    terms: Tensor
    log_prior: Tensor | None
    kl_per_token: float | None
    own: int
    log_policy: Tensor | None = None


class Collector:
    """Brings new sequences with their rewards.

    Args:
        task: what is sampled, and the reward.
        policy: samples them.
        exploration: what is sampled instead of the policy itself.
        count: B, sequences at a time.
        generator: source of all randomness.
        regrower: writes a share of the sequences instead of the policy.
        gatherer: keeps what was found; None: nothing is kept.
        measures_kl: whether to measure how far the policy is from the prior.
        asks_prior: whether the prior's opinion of the sequences is needed by others, too.
        breeder: breeds a share of the sequences; None: none is bred.
        choosing: picks what is scored of more that were written; None: all are.
        beginnings: of data, which the policy continues; None: it writes all itself.

    Attributes:
        rollouts: copies of the policy that sample in its place; None: there are none.
    """

    def __init__(
        self,
        task: Task,
        policy: Prior,
        exploration: Exploration,
        count: int,
        generator: torch.Generator,
        regrower: Regrower,
        gatherer: Gatherer | None = None,
        *,
        measures_kl: bool = False,
        asks_prior: bool = False,
        breeder: Breeder | None = None,
        choosing: Choosing | None = None,
        beginnings: Beginnings | None = None,
    ) -> None:
        self.task, self.policy, self.exploration = task, policy, exploration
        self.count, self.generator = count, generator
        self.regrower, self.gatherer = regrower, gatherer
        self.breeder, self.choosing, self.beginnings = breeder, choosing, beginnings
        self.rollouts: Rollouts | None = None
        self.share = 0.0
        self.measures_kl = measures_kl
        self.compares = gatherer is not None or measures_kl  # pi and p
        self.asks_prior = self.compares or asks_prior

    def sample(self, step: int, share: float, most: int | None = None) -> Writing:
        """Sample B sequences, fewer where only `most` may still be scored, or begin to.

        Args:
            step: updates made before.
            share: of all updates, 0..1; exploration follows it.
            most: sequences.
        """
        self.exploration.anneal(share)
        self.share = share
        count = self.count if most is None else min(self.count, most)
        if self.rollouts is not None:
            wait = self.rollouts.begin(count, self.generator)
            return Writing(step, count, lambda: _of_copies(step, *wait()))
        sampled, own = self._write(count) if self.choosing is None else self._choose(count)
        batch, log_probs = sampled.batch, sampled.log_probs
        log_policy = None if log_probs is None else _whole(log_probs, batch)
        kept = log_probs if self.measures_kl else None
        return written(Sampled(step, batch, own, log_policy, kept))

    def finish(self, sampled: Sampled) -> Fresh:
        """Score a collection, let the reward remember it, and return it."""
        batch, log_prior = sampled.batch, None
        terms = score(self.task.reward, batch)
        if self.asks_prior:
            log_prior = by_length(self.task.prior.sequence_log_probs, batch)
        fresh = Fresh(batch, terms, log_prior, None, sampled.own, sampled.log_probs)
        if sampled.log_policy is not None:
            fresh = self._compared(fresh, sampled)
        if self.choosing is not None:
            learn_scored(self.choosing.chooser, self.task.reward, batch, terms)
        if isinstance(self.task.reward, Remembers):
            self.task.reward.remember(batch)
        return fresh

    def _divided(self, count: int) -> tuple[int, int, int]:
        """How many of so many sequences the policy writes, are regrown and are bred."""
        regrown = self.regrower.count(count)
        bred = 0 if self.breeder is None else self.breeder.count(count)
        return count - regrown - bred, regrown, bred

    def _write(self, count: int) -> tuple[Rollout, int]:
        """So many sequences, the policy's own first, and how many these are."""
        own, regrown, bred = self._divided(count)
        sampled = self._sample(own, keep_log_probs=self.compares)
        if regrown:
            sampled = self._beside(sampled, self.regrower(regrown))
        if bred and self.breeder is not None:
            children = self.breeder(bred)
            sampled = sampled if children is None else self._beside(sampled, children)
        return sampled, own

    def _choose(self, count: int) -> tuple[Rollout, int]:
        """At most so many, picked from the candidates of each collector."""
        assert self.choosing is not None
        own, regrown, bred = self._divided(count)
        written = [self._judged(self._sample(self.choosing.asked(own)).batch, own)]
        if regrown:
            written.append(self._judged(self.regrower(self.choosing.asked(regrown)), regrown))
        if bred and self.breeder is not None:
            parents, *others = [one.possible for one in written]
            children = self.breeder(bred, parents + others[0] if others else parents)
            written += [] if children is None else [Written(children, bred)]
        batch, own = self.choosing(written)
        if not self.compares:
            return Rollout(batch, None), own
        return Rollout(batch, by_length(self.policy.sequence_log_probs, batch)), own

    def _judged(self, batch: SequenceBatch, wanted: int) -> Written:
        """Candidates, of which so many are scored, and which of them may be."""
        reward = self.task.reward
        inside = reward.fence.inside(batch) if isinstance(reward, Fenced) else None
        return Written(batch, wanted, inside)

    def _sample(self, count: int, *, keep_log_probs: bool = False) -> Rollout:
        """Sequences of the policy, and of data as far as beginnings are given."""
        given = None
        if self.beginnings is not None:
            given = self.beginnings(count, self.share, self.generator)
        return rollout(
            self.policy,
            count,
            self.task.length,
            self.generator,
            end_token=self.task.end_token,
            explore=self.exploration,
            prime=self.task.prime if given is None else given,
            keep_log_probs=keep_log_probs,
        )

    def _beside(self, own: Rollout, others: SequenceBatch) -> Rollout:
        """Sequences whose log pi is known, and after them some of another writer."""
        log_probs = own.log_probs
        if log_probs is not None:
            thought = by_length(self.policy.sequence_log_probs, others)
            log_probs = torch.cat([log_probs, thought.to(log_probs)])
        return Rollout(own.batch + others, log_probs)

    def _compared(self, fresh: Fresh, sampled: Sampled) -> Fresh:
        """Gathered with both likelihoods, and the divergence of the policy's own measured."""
        batch, log_prior, log_probs = fresh.batch, fresh.log_prior, sampled.log_probs
        assert log_prior is not None  # computed where it is compared
        assert sampled.log_policy is not None
        if self.gatherer is not None:
            self._gather(sampled.step, fresh, _whole(log_prior, batch), sampled.log_policy)
        if log_probs is None:
            return fresh
        chosen = batch[: fresh.own].mask_after(len(self.task.prefix))
        kl = token_kl(log_probs[: fresh.own], log_prior[: fresh.own])
        return replace(fresh, kl_per_token=kl[chosen].mean().item())

    def _gather(self, step: int, fresh: Fresh, log_prior: Tensor, log_policy: Tensor) -> None:
        """Let the gatherer keep what was scored, with what the reward itself paid."""
        assert self.gatherer is not None
        batch, terms, likelihoods = fresh.batch, fresh.terms, (log_prior, log_policy)
        if isinstance(self.task.reward, Fenced):
            inside, batch = self.task.reward.scored(batch)
            terms = terms[inside][..., :-1]
            likelihoods = log_prior[inside], log_policy[inside]
        if len(batch):
            self.gatherer.gather(Collected(step, batch, terms, *likelihoods))

    def state(self) -> Tensors:
        """Randomness, and what reward, gatherer and chooser remember."""
        reward, gatherer = self.task.reward, self.gatherer
        return {
            "generator": self.generator.get_state(),
            **(named("reward", reward.state()) if isinstance(reward, Remembers) else {}),
            **(named("gatherer", gatherer.state()) if gatherer is not None else {}),
            **({} if self.choosing is None else named("chooser", self.choosing.chooser.state())),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.generator.set_state(torch.as_tensor(tensors["generator"]))
        if isinstance(self.task.reward, Remembers):
            self.task.reward.restore(under("reward", tensors))
        if self.gatherer is not None:
            self.gatherer.restore(under("gatherer", tensors))
        if self.choosing is not None:
            self.choosing.chooser.restore(under("chooser", tensors))


def _of_copies(step: int, batch: SequenceBatch, log_policy: Tensor | None) -> Sampled:
    """A collection that copies of the policy sampled, all of it the policy's own."""
    return Sampled(step, batch, len(batch), log_policy, None)


def learn_scored(chooser: Chooses, reward: Reward, batch: SequenceBatch, terms: Tensor) -> None:
    """Let a chooser learn from what was scored, which nothing outside a fence was."""
    inside = are_inside(reward, terms)
    if inside is not None:
        batch, terms = batch[inside], terms[inside]
    if len(batch):
        chooser.learn(batch, terms)


def _whole(log_probs: Tensor, batch: SequenceBatch) -> Tensor:
    """(B,) log-likelihood of whole sequences from (B, T, V)."""
    return taken(log_probs, batch.tokens).where(batch.mask, 0.0).sum(1)
