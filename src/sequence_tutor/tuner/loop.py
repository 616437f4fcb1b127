"""The loop of a run: collect, learn, evaluate, save."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.domain.gathering import Gatherer
from sequence_tutor.domain.rows import Rows
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.progress import Advance
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.checkpoints import save_checkpoint
from sequence_tutor.tracking.fan_out import FanOut
from sequence_tutor.tuner.aiming import aims_of
from sequence_tutor.tuner.aims_log import optimum_remark, standing
from sequence_tutor.tuner.callbacks import Callbacks
from sequence_tutor.tuner.causality import late_terms, mask_of, remark
from sequence_tutor.tuner.checks import check_budget, check_seeds
from sequence_tutor.tuner.class_counts import Property
from sequence_tutor.tuner.course import Course
from sequence_tutor.tuner.extensions import NOTHING, Extensions
from sequence_tutor.tuner.fence import Numbers
from sequence_tutor.tuner.fenced import fenced
from sequence_tutor.tuner.learner import Learner, Update
from sequence_tutor.tuner.logbook import Logbook, Warn
from sequence_tutor.tuner.saving import Saving, restored, standing_of, state_of
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import stages_of
from sequence_tutor.tuner.steering import Steering
from sequence_tutor.tuner.supply import Supply

STATE_FILE = "training.safetensors"


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
        loggers: receive each line of the log; None: there are none.
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
        stages = stages_of(settings, task.reward)
        device, first = device_of(task.prior), stages[0]
        late = late_terms(task)
        self.learner = Learner(
            task.prior,
            first.settings,
            first.weights,
            len(task.prefix),
            late=mask_of(task.reward, late),
            length=task.length,
            only=task.only,
        )
        self.aiming = aims_of(self.task, settings, rows, properties)
        self.saving = Saving(self._save, save_minutes)
        self.supply = Supply(
            task,
            settings,
            self.learner,
            self.aiming,
            first.weights,
            device,
            gatherer,
            self.saving,
            chooser=chooser,
            seeds=seeds,
            extensions=extensions,
            executor=executor,
        )
        self.course = Course(stages, self.learner, self.supply)
        self.steering = Steering(settings, self.learner, self.supply, self.course, self.aiming)
        self.callbacks = Callbacks(extensions.callbacks, directory)
        self.due: dict[str, Any] | None = None  # of an evaluation that is to be made
        self._began = 0.0  # seconds of the clock
        self.step = self.transitions = 0
        self.seconds = 0.0
        self.state_path = directory / STATE_FILE
        resumed = self.state_path.exists()
        stand = restored(self) if resumed else None
        remarks = remark(late, settings.discount), optimum_remark(settings), self.steering.remark
        for said in () if resumed else filter(None, remarks):
            warn(said)
        last_step = self.step if resumed else None
        self.log = Logbook(
            directory,
            last_step,
            stand,
            self.task,
            settings,
            warn,
            device,
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
                    self._evaluate({})
                self.steering.rank(self.step)
                self.supply.fill(self.seeds)
            while not self.course.is_over:
                self.saving.check()
                if self.due is None:
                    self._update(advance)
                if self.due is not None:
                    self._evaluate_and_go_on(self.due, advance)
            self.callbacks.end(self.step, self.log.records, self.learner.policy, self.c)
        return self.learner.policy

    def _update(self, advance: Advance) -> None:
        """Collect if it is time to, and learn once."""
        if self.step % self.settings.collect_every == 0 and self.supply.sampled_at < self.step:
            self.supply.sample(self.step, self.course.share(self.step))
        for fresh, stored in self.supply.collect(self.step):
            self.steering.follow(fresh, stored, self.step)
            self.steering.rank(self.step)
            self.callbacks.collected(self.step, stored, fresh.own)
        if not self.log.records:  # what is expensive is evaluated of what was collected
            self._evaluate({})
        update = self._learn()
        self.step += 1
        self.callbacks.learned(self.step, update)
        self._show(advance, update)
        is_last = self.course.is_complete(self.step)
        if is_last or self.step % self.settings.evaluate_every == 0:
            self.due = {"loss": update.loss, "gradient_norm": update.gradient_norm}

    def _evaluate_and_go_on(self, metrics: dict[str, Any], advance: Advance) -> None:
        """Evaluate, begin the next stage if this one is over, and save.

        Where an evaluation ends the run before its last update, the best policy takes the place of
        the last one only then, and another evaluation, of the same step, is due. A callback that
        ends the run has its policy saved as it is.
        """
        course, was_ended = self.course, "kept" in metrics
        is_over = was_ended or (course.is_in_last and course.is_complete(self.step))
        kept = self.steering.end(self.log.warn) if is_over else {}
        is_asked = self._evaluate({**metrics, **kept}, is_last=is_over)
        self.due = None
        ends = was_ended or is_asked or self.steering.is_settled(self.log.records)
        goes_on = not ends and course.is_to_end(self.step, self.log.records)
        is_early = not is_over and not is_asked and (ends or (goes_on and course.is_in_last))
        if is_early and (kept := self.steering.end(self.log.warn)):
            self.due = {**metrics, **kept}
        elif ends:
            course.end(self.step)
        elif goes_on:
            self._complete(course.begin_next(self.step), advance)
            self.steering.begin_stage()
            self._tell_stage()
        self._save()

    def _tell_stage(self) -> None:
        """Tell callbacks of the stage, unless the last one is over."""
        if not self.course.is_over:
            self.callbacks.stage(self.step, self.course.place, self.course.stage)

    @property
    def c(self) -> float:
        """The temperature that the run has come to."""
        return self.course.c(self.step)

    def _complete(self, terms: frozenset[str], advance: Advance) -> None:
        """Score what is stored by terms that were left out so far."""
        if not terms:
            return
        with self.saving.signals.allowed():  # the last checkpoint is older than the stage
            for done in self.supply.complete(terms):
                advance(0, scoring=f"{done:,} of {len(self.supply.replay):,} stored sequences")
        self.supply.replay.reweigh(self.course.stage.weights)

    def _learn(self) -> Update:
        """One update."""
        stored, drawn = self.supply.draw(self.course.share(self.step))
        update = self.learner.learn(stored, self.course.updates(self.step), drawn)
        self.supply.sampler.learned(drawn, update.by_sequence, update.by_step)
        self.transitions += update.tokens
        return update

    def _show(self, advance: Advance, update: Update) -> None:
        live, settings = self.log.records[-1], self.settings
        advance(
            1,
            loss=update.loss,
            **({} if settings.aims_alone else {"reward": live["reward_per_sequence"]}),
            kl=live["kl_to_prior_per_token"],
            distinct=live["distinct"],
            **({"aims": standing(settings.aims, live)} if settings.aims else {}),
        )

    def _evaluate(self, metrics: Mapping[str, Any], *, is_last: bool = False) -> bool:
        """Write a line of the log; whether a callback asks to end the run."""
        self._count_seconds()
        so_far = {**standing_of(self), **metrics}
        with self.saving.interruptible(self.task.reward):
            found = self.log.measured(
                policy=self.learner.policy,
                stage=self.course.stage,
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
