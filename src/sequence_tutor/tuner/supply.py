"""What a run takes in: sequences are collected, counted for the aims, stored, and drawn again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.domain.gathering import Gatherer
from sequence_tutor.errors import UserError
from sequence_tutor.models.next_token import by_length
from sequence_tutor.randomness import named_generator
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import SequenceReplay, Stored
from sequence_tutor.reward.protocol import Aggregates, KeepsScores, LeavesOut, shares_of
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.aiming import Aiming
from sequence_tutor.tuner.beginning import make_sampler
from sequence_tutor.tuner.breeding import Breeder
from sequence_tutor.tuner.choosing import checked_chooser
from sequence_tutor.tuner.collecting import Collector, Fresh, learn_scored
from sequence_tutor.tuner.exploration import Exploration
from sequence_tutor.tuner.extensions import NOTHING, Extensions, exploration_of, sampler_of
from sequence_tutor.tuner.given_beginnings import Beginnings
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.pending import Pending
from sequence_tutor.tuner.ray_rollouts import rollouts_of
from sequence_tutor.tuner.regrowing import Regrower
from sequence_tutor.tuner.respelling import Respeller
from sequence_tutor.tuner.saving import Saving
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import Stage, most_steps

CHUNK = 1024
"""Stored sequences that a chooser learns from at a time."""


class Supply:
    """The sequences of one run.

    Args:
        task: prior, reward and length.
        settings: of the run.
        learner: whose policy is sampled, and who says how sequences are stored.
        aiming: counts what the aims need; None: there are none.
        weights: (R,) of the reward's terms in the first stage.
        device: of replay and randomness.
        gatherer: keeps what is collected.
        saving: where a slow reward may be interrupted.
        chooser: ranks sequences, where the settings ask for a critic.
        seeds: the data that `exploration.given` takes beginnings from.
        extensions: sampler and exploration of a user's own.
        executor: name of the one whose nodes copies of the policy sample on, see `rollouts_of`.

    Attributes:
        scored: sequences scored to learn from.
        sampled_at: the update before which sequences were sampled last.
        pending: what was sampled and is not stored yet.
        is_expensive: whether evaluations are to take `latest`.
        latest: the policy's own of the collection stored last, (B, T), and what they were paid,
            (B, T, R); None: they are not needed.

    Raises:
        UserError: the domain cannot rank, breed or respell its sequences, and is to.
    """

    def __init__(
        self,
        task: Task,
        settings: TuneSettings,
        learner: Learner,
        aiming: Aiming | None,
        weights: Tensor,
        device: torch.device,
        gatherer: Gatherer | None,
        saving: Saving,
        *,
        chooser: Chooses | None = None,
        seeds: Sequence[Sequence[int]] = (),
        extensions: Extensions = NOTHING,
        executor: str | None = None,
    ) -> None:
        self.saving = saving
        self.task, self.settings, self.learner, self.aiming = task, settings, learner, aiming
        self.replay = SequenceReplay(
            settings.replay.capacity,
            task.length,
            weights.to(device),
            settings.replay.keep,
            distinct=settings.replay.distinct,
            counts=2 * len(settings.aims),
        )
        self.sampler = make_sampler(
            settings.replay, self.replay, len(task.prefix), sampler_of(settings, extensions.sampler)
        )
        explores = exploration_of(settings, extensions.exploration)
        self.exploration = Exploration(settings.exploration, explores, learner.values.barred)
        self.rng = named_generator(settings.seed, "tuner", device)
        self.respeller = Respeller(task, learner.experiences, settings.replay.respell, self.rng)
        explored, critic = settings.exploration, settings.critic
        self.choosing = checked_chooser(critic, chooser, weights)
        self.collector = Collector(
            task,
            learner.proposal,
            self.exploration,
            settings.collect,
            self.rng,
            Regrower(task, self.replay, explored.regrow, self.rng),
            gatherer,
            measures_kl=settings.target_kl is not None or aiming is not None,
            asks_prior=not learner.algorithm.mixes_prior,
            breeder=Breeder(
                task,
                self.replay,
                explored.breed,
                self.rng,
                chooser=None if self.choosing is None else self.choosing.chooser,
                generations=critic.generations,
                children=critic.children,
            ),
            choosing=self.choosing,
            beginnings=Beginnings(task, settings, seeds) if settings.traits.takes_given else None,
        )
        if settings.rollouts:
            self.collector.rollouts = rollouts_of(
                settings.rollouts,
                learner.proposal,
                self.exploration,
                task,
                device,
                executor,
                compares=self.collector.compares,
            )
        self.pending = Pending(task.reward, settings.lag)
        self._shares = shares_of(task.reward)
        self.is_expensive = isinstance(task.reward, KeepsScores) and task.reward.is_expensive
        if self.is_expensive and settings.target_network == "proposal":
            raise UserError(
                f"algorithm is {settings.algorithm!r}, which samples from a former policy, and a "
                "term is expensive, so that evaluations take what was sampled; expected dpg or raml"
            )
        self.latest: tuple[SequenceBatch, Tensor] | None = None
        self.scored, self.sampled_at = 0, -1

    def fill(self, seeds: Sequence[Sequence[int]]) -> None:
        """Store the seeds, then sequences of the untouched policy, so that rare good ones are kept.

        Seeds were not found by this run: neither reward nor gatherer keeps them.
        """
        if seeds and not self.settings.traits.takes_given:
            batch = SequenceBatch.from_lists(seeds).to(self.rng.device)
            log_prior = None
            if self.aiming is not None:
                log_prior = by_length(self.task.prior.sequence_log_probs, batch)
            with self.saving.interruptible(self.task.reward):
                terms = score(self.task.reward, batch)
            if self.choosing is not None:
                learn_scored(self.choosing.chooser, self.task.reward, batch, terms)
            self._store(batch, terms, log_prior)
        for _ in range(0, self.settings.replay.warm_start, self.settings.collect):
            self.sample(0, 0.0)
            for _ in self.collect(0, at_once=True):
                pass
        self.sampled_at = -1

    def sample(self, step: int, share: float) -> None:
        """Sample new sequences, as many as the budget leaves; none that would be stored too late.

        Args:
            step: updates made before.
            share: of the stage's updates that is done.
        """
        self.sampled_at = step
        left = None
        if self.settings.budget is not None:
            left = self.settings.budget - self.scored - self.pending.sequences
        lag = self.settings.lag
        is_late = lag and len(self.replay) and step + lag >= most_steps(self.settings)
        if left != 0 and not is_late:
            self.pending.add(self.collector.sample(step, share, left))
            self.learner.collected()

    def collect(self, step: int, *, at_once: bool = False) -> Iterator[tuple[Fresh, Stored]]:
        """Score and store the sampled sequences whose time has come.

        Args:
            step: updates made before.
            at_once: whether that is now, as where replay is empty.
        """
        while self.pending.is_due(step, at_once=at_once or not len(self.replay)):
            with self.saving.interruptible(self.task.reward):
                self.pending.wait()
            fresh = self.collector.finish(self.pending.first)
            self.pending.drop_first()
            stored = self._store(fresh.batch, fresh.terms, fresh.log_prior)
            if self.is_expensive:
                own = fresh.batch[: fresh.own].trimmed
                self.latest = own, fresh.terms[: fresh.own, : own.tokens.shape[1]]
            yield fresh, stored

    def leave_out(self, stage: Stage) -> frozenset[str]:
        """Let the reward compute only the terms that a stage weighs or that aims are about.

        Returns:
            The terms that the stage needs and that were left out until now, and the one that it
            makes of others with other weights than before.
        """
        if not isinstance(self.task.reward, LeavesOut) or self.settings.aims_alone:
            return frozenset()
        reward, before = self.task.reward, self.task.reward.left_out
        weights = (*zip(reward.names, stage.weights.tolist(), strict=True), *stage.shares.items())
        needed = {name for name, weight in weights if weight}
        needed |= {aim.row for aim in self.settings.aims}
        reward.leave_out([name for name in reward.names if name not in needed])
        shares = shares_of(reward)
        if isinstance(reward, Aggregates) and shares != stage.shares:
            reward.share(stage.shares)
            return (before - reward.left_out) | {reward.aggregate}
        return before - reward.left_out

    def leave_nothing_out(self) -> None:
        """Let the reward compute all terms again."""
        if isinstance(self.task.reward, LeavesOut):
            self.task.reward.leave_out(())
        if isinstance(self.task.reward, Aggregates) and self._shares:
            self.task.reward.share(self._shares)

    def complete(self, names: Collection[str]) -> Iterator[int]:
        """Score stored sequences by terms that were left out when they were collected.

        Yields:
            How many of the stored sequences are done.
        """
        reward = self.task.reward
        assert isinstance(reward, LeavesOut)  # else nothing was left out
        yield from self.replay.rescore(lambda batch, terms: reward.complete(batch, terms, names))
        if self.choosing is not None:  # what is no longer stored lacks these terms
            chooser = self.choosing.chooser
            chooser.forget()
            for places in torch.arange(len(self.replay), device=self.rng.device).split(CHUNK):
                stored = self.replay.read(places)
                learn_scored(chooser, reward, stored.batch, stored.terms)

    def draw(self, share: float) -> tuple[Stored, Drawn]:
        """A batch: a mixture of the newest and of replayed sequences, and how they were drawn."""
        count = self.settings.batch
        fresh = round(self.settings.replay.fresh * count)
        newest = self.sampler.newest(fresh, self.rng)
        drawn = newest + self.sampler.draw(count - fresh, share, self.rng)
        return self.respeller(self.replay.read(drawn.places), fresh), drawn

    def reweigh(self, weights: Tensor) -> None:
        """The terms have new weights (R,)."""
        self.replay.reweigh(weights)
        if self.choosing is not None:
            self.choosing.chooser.reweigh(weights)

    def _store(self, batch: SequenceBatch, terms: Tensor, log_prior: Tensor | None) -> Stored:
        counts = None if self.aiming is None else self.aiming.counts(batch, log_prior, terms)
        stored = self.learner.experiences.store(batch, terms, log_prior, counts)
        self.scored += len(batch)
        places = self.replay.add(stored)
        self.sampler.added(places, self.replay.lengths(places))
        return stored

    def state(self) -> Tensors:
        """Replay, its sampler, and what collecting remembers."""
        return {
            **named("replay", self.replay.state()),
            **named("sampler", self.sampler.state()),
            **self.collector.state(),
            **named("pending", self.pending.state()),
            **({} if self.latest is None else named("latest", _tensors(*self.latest))),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.replay.restore(under("replay", tensors))
        self.sampler.restore(under("sampler", tensors))
        self.collector.restore(tensors)
        self.pending.restore(under("pending", tensors), self.rng.device)
        if latest := under("latest", tensors):
            batch = SequenceBatch(latest["tokens"], latest["lengths"]).to(self.rng.device)
            self.latest = batch, latest["terms"].to(self.rng.device)


def _tensors(batch: SequenceBatch, terms: Tensor) -> Tensors:
    return {"tokens": batch.tokens, "lengths": batch.lengths, "terms": terms}
