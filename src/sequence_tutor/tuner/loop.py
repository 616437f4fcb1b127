"""THE loop: collect, learn, evaluate, save."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.domain.data import Gatherer
from sequence_tutor.domain.rows import Rows
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.progress import Advance
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.checkpoints import save_checkpoint
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tracking.fan_out import FanOut
from sequence_tutor.tuner.aiming import aims_of
from sequence_tutor.tuner.aims_log import is_settled, optimum_remark, standing
from sequence_tutor.tuner.callbacks import Callbacks
from sequence_tutor.tuner.causality import late_terms, mask_of, remark
from sequence_tutor.tuner.checks import check_budget, check_seeds
from sequence_tutor.tuner.class_counts import Property
from sequence_tutor.tuner.collecting import Fresh
from sequence_tutor.tuner.extensions import NOTHING, Extensions
from sequence_tutor.tuner.fence import Numbers
from sequence_tutor.tuner.fenced import fenced
from sequence_tutor.tuner.learner import Learner, Update
from sequence_tutor.tuner.logbook import Logbook, Warn
from sequence_tutor.tuner.multipliers import ARRIVED
from sequence_tutor.tuner.saving import Saving, restored, standing_of, state_of
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import Stage, most_steps, stages_of
from sequence_tutor.tuner.supply import Supply

STATE_FILE = "training.safetensors"
FEWEST_OWN = 2
"""Sequences of the policy's own in a collection, below which it says nothing of the aims."""


class Tuner:
    """Tunes a copy of a prior toward a reward.

    Everything that changes is saved in `directory` at every evaluation; a tuner made again with
    the same arguments continues from there and ends with the same numbers, bit for bit, on the
    same machine and number of threads.

    Args:
        task: prior, reward and length. A prior without weights to begin with leaves only G.
        settings: see `TuneSettings`.
        directory: where state and log are kept.
        warn: called with each warning about the run's health.
        gatherer: keeps what the run collects; not that of another run, and closed by its owner.
        seeds: sequences that replay begins with.
        rows: what aims may be about beside the policy's own rows; None: the reward's terms.
        properties: row of distinct values -> the property that has them.
        chooser: ranks sequences, where the settings ask for a critic.
        numbers: computes those that the settings bound by a fence.
        save_minutes: between two checkpoints; evaluations and signals save too.
        extensions: callbacks, sampler and exploration of a user's own.
        loggers: receive each line of the log; None: nobody does.
        executor: name of the one whose nodes copies of the policy sample on, if there are any.

    Raises:
        UserError: `directory` holds a run with other settings, a stage, a seed, an aim or the
            budget does not fit.
    """

    def __init__(
        self,
        task: Task,
        settings: TuneSettings,
        directory: Path,
        warn: Warn = lambda _: None,
        *,
        gatherer: Gatherer | None = None,
        seeds: Sequence[Sequence[int]] = (),
        rows: Rows | None = None,
        properties: Mapping[str, Property] | None = None,
        chooser: Chooses | None = None,
        numbers: Callable[[Collection[str]], Numbers] = lambda _: {},
        save_minutes: float = 10.0,
        extensions: Extensions = NOTHING,
        loggers: FanOut | None = None,
        executor: str | None = None,
    ) -> None:
        if seeds:
            check_seeds(seeds, task, settings)
        check_budget(settings, len(seeds))
        task = fenced(task, settings, numbers)
        self.task = replace(task, prior_temperature=settings.prior_temperature)
        self.settings, self.seeds = settings, seeds
        self.stages = stages_of(settings, task.reward)
        device, first = device_of(task.prior), self.stages[0]
        late = late_terms(task)
        self.learner = Learner(
            *(task.prior, first.settings, first.weights, len(task.prefix)),
            late=mask_of(task.reward, late),
            length=task.length,
            only=task.only,
        )
        self.aiming = aims_of(self.task, settings, rows, properties)
        if self.aiming is not None:
            self.learner.aimed, self.learner.payments = self.aiming.rows, self.aiming.payments
        self.saving = Saving(self._save, save_minutes)
        self.supply = Supply(
            *(task, settings, self.learner, self.aiming, first.weights, device, gatherer),
            self.saving,
            chooser=chooser,
            seeds=seeds,
            extensions=extensions,
            executor=executor,
        )
        self.callbacks = Callbacks(extensions.callbacks, directory)
        self.due: dict[str, float] | None = None  # of an evaluation that is to be made
        self._began = 0.0  # seconds of the clock
        self.step = self.transitions = 0
        self.place = self.stage_began = 0  # of the current stage: its number, its first step
        self.seconds = 0.0
        self.state_path = directory / STATE_FILE
        resumed = self.state_path.exists()
        self.supply.leave_out(first)
        stand = restored(self, self._begin_stage) if resumed else None
        if not resumed and (said := remark(late, settings.discount)):
            warn(said)
        if not resumed and (said := optimum_remark(settings)):
            warn(said)
        last_step = self.step if resumed else None
        self.log = Logbook(
            *(directory, last_step, stand, self.task, settings, warn, device),
            aiming=self.aiming,
            loggers=loggers,
        )

    def run(self, advance: Advance) -> TunedPolicy:
        """Tune to the end, from wherever the run stands.

        A signal that ends the process takes effect between two updates, or while a slow scorer is
        asked; the state is saved first.
        """
        try:
            return self._run(advance)
        finally:
            self.supply.leave_nothing_out()  # the reward may be an object of the user

    def _run(self, advance: Advance) -> TunedPolicy:
        advance(self.step)
        self._began = time.perf_counter()
        with self.saving.signals:
            self._tell_stage()
            if self.step == 0:
                if not self.supply.is_expensive:
                    self._evaluate(self.stages[0], {})
                self._rank()
                self.supply.fill(self.seeds)
            while self.place < len(self.stages):
                self.saving.check()
                stage = self.stages[self.place]
                if self.due is None:
                    self._update(stage, advance)
                if self.due is not None:
                    self._evaluate_and_go_on(stage, self.due, advance)
            self.callbacks.end(self.step, self.log.records, self.learner.policy, self.c)
        return self.learner.policy

    def _update(self, stage: Stage, advance: Advance) -> None:
        """Collect if it is time to, and learn once."""
        if self.step % self.settings.collect_every == 0 and self.supply.sampled_at < self.step:
            self.supply.sample(self.step, self._share(stage))
        for fresh, stored in self.supply.collect(self.step):
            self._aim(fresh, stored)
            self._rank()
            self.callbacks.collected(self.step, stored, fresh.own)
        if not self.log.records:  # what is expensive is evaluated of what was collected
            self._evaluate(stage, {})
        update = self._learn(stage)
        self.step += 1
        self.callbacks.learned(self.step, update)
        self._show(advance, update)
        is_last = self.step == self.stage_began + stage.settings.steps
        if is_last or self.step % self.settings.evaluate_every == 0:
            self.due = {"loss": update.loss, "gradient_norm": update.gradient_norm}

    def _evaluate_and_go_on(
        self, stage: Stage, metrics: dict[str, float], advance: Advance
    ) -> None:
        """Evaluate, begin the next stage if this one is over, and save."""
        is_last = self.step == self.stage_began + stage.settings.steps
        is_over = is_last and self.place + 1 == len(self.stages)
        is_asked = self._evaluate(stage, metrics, is_last=is_over)
        self.due = None
        if is_asked or self._is_settled():
            self.place = len(self.stages) - 1  # nothing is left to do
            is_last = True
        if is_last or stage.is_over(self._evaluations()):
            self._complete(self._begin_stage(self.place + 1, self.step), advance)
            self._tell_stage()
        self._save()

    def _tell_stage(self) -> None:
        """Tell callbacks of the stage, unless the last one is over."""
        if self.place < len(self.stages):
            self.callbacks.stage(self.step, self.place, self.stages[self.place])

    @property
    def c(self) -> float:
        """The temperature that the run has come to."""
        if self.settings.aims_alone:
            return 1.0  # multipliers are in nats, and nothing else is paid
        last = self.stages[min(self.place, len(self.stages) - 1)].settings
        return self.learner.temperature(self.step - self.stage_began) if last.target_kl else last.c

    def _share(self, stage: Stage) -> float:
        """The share of the stage's updates that is done."""
        return (self.step - self.stage_began) / stage.settings.steps

    def _evaluations(self) -> list[Record]:
        """The evaluations of the current stage so far."""
        return [record for record in self.log.records if record["step"] > self.stage_began]

    def _begin_stage(self, place: int, at: int) -> frozenset[str]:
        """Go on to the next stage, or past the last one, which ends the run.

        Returns:
            Terms that the stage weighs and that stored sequences may not have yet.
        """
        self.place, self.stage_began = place, at
        if place >= len(self.stages):
            return frozenset()
        stage = self.stages[place]
        self.learner.begin_stage(stage.settings, stage.weights)
        self.supply.reweigh(stage.weights)
        return self.supply.leave_out(stage)

    def _complete(self, terms: frozenset[str], advance: Advance) -> None:
        """Score what is stored by terms that were left out so far."""
        if not terms:
            return
        with self.saving.signals.allowed():  # the last checkpoint is older than the stage
            for done in self.supply.complete(terms):
                advance(0, scoring=f"{done:,} of {len(self.supply.replay):,} stored sequences")
        self.supply.replay.reweigh(self.stages[self.place].weights)

    def _aim(self, fresh: Fresh, stored: Stored) -> None:
        """Move c or the multipliers; a warm start, not tuned yet, would tell nothing."""
        if self.learner.target_kl is not None and fresh.kl_per_token is not None:
            self.learner.target_kl.follow(fresh.kl_per_token)
        if self.aiming is None or fresh.own < FEWEST_OWN:
            return
        c = self.learner.temperature(self.step - self.stage_began)
        own = self.supply.replay.kept(stored[: fresh.own])
        assert own.counts is not None  # a run with aims stores them
        steps, every = most_steps(self.settings), self.settings.collect_every
        energy = self.learner.energy(own, c)
        self.aiming.follow(fresh, own.counts, energy, self.step / steps, every / steps)
        self.learner.payments = payments = self.aiming.payments
        self.supply.replay.pay(c * payments.weights)

    def _rank(self) -> None:
        """Tell replay what its ranks are to count log p for, which follows c and multipliers."""
        c = self.learner.temperature(self.step - self.stage_began)
        self.supply.replay.count_prior(self.learner.worth_of_prior(c))

    def _is_settled(self) -> bool:
        """Whether all aims are met and at rest."""
        return self.aiming is not None and is_settled(
            self.log.records, most_steps(self.settings), ARRIVED
        )

    def _learn(self, stage: Stage) -> Update:
        """One update."""
        stored, drawn = self.supply.draw(self._share(stage))
        update = self.learner.learn(stored, self.step - self.stage_began, drawn)
        self.supply.sampler.learned(drawn, update.by_sequence, update.by_step)
        self.transitions += update.tokens
        return update

    def _show(self, advance: Advance, update: Update) -> None:
        live = self.log.records[-1]
        aims = {"aims": standing(self.settings.aims, live)} if self.settings.aims else {}
        advance(
            1,
            loss=update.loss,
            reward=live["reward_per_sequence"],
            kl=live["kl_to_prior_per_token"],
            distinct=live["distinct"],
            **aims,
        )

    def _evaluate(self, stage: Stage, metrics: dict[str, float], *, is_last: bool = False) -> bool:
        """Write a line of the log; whether a callback asks to end the run."""
        self._count_seconds()
        so_far = {**standing_of(self, stage), **metrics}
        with self.saving.interruptible(self.task.reward):
            found = self.log.measured(
                policy=self.learner.policy,
                stage=stage,
                c=self.c,
                step=self.step,
                collected=self.supply.latest,
            )
        self.log.enter({**so_far, **found}, is_last=is_last)
        return self.callbacks.evaluated(self.step, self.log.records, self.learner.policy)

    def _count_seconds(self) -> None:
        now = time.perf_counter()
        self.seconds, self._began = self.seconds + now - self._began, now

    def _save(self) -> None:
        if self.step == 0:  # a run that begins anew repeats what was done
            return
        self._count_seconds()
        save_checkpoint(self.state_path, *state_of(self))
