"""After each collection: c or the multipliers move, and replay is told what they pay."""

from __future__ import annotations

from sequence_tutor.replay.sequences import Stored
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.aiming import Aiming
from sequence_tutor.tuner.aims_log import is_settled
from sequence_tutor.tuner.collecting import Fresh
from sequence_tutor.tuner.course import Course
from sequence_tutor.tuner.keeping import Keeping
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.logbook import Warn
from sequence_tutor.tuner.multipliers import ARRIVED
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.tuner.supply import Supply

FEWEST_OWN = 2
"""Sequences of the policy's own in a collection, below which it says nothing of the aims."""


class Steering:
    """Steers a run toward its aims, or toward its divergence from the prior.

    Args:
        settings: of the run.
        learner: learns from what the multipliers pay, at the c that is found.
        supply: its replay ranks by what the multipliers pay and by log p.
        course: knows the c of an update.
        aiming: finds the multipliers; None: there are no aims.

    Attributes:
        keeping: of the policy that met the aims best; None: the last one is kept.
    """

    def __init__(
        self,
        settings: TuneSettings,
        learner: Learner,
        supply: Supply,
        course: Course,
        aiming: Aiming | None,
    ) -> None:
        self._settings, self._learner, self._supply = settings, learner, supply
        self._course, self._aiming = course, aiming
        self.keeping: Keeping | None = None
        if aiming is not None and settings.aims_keep and not supply.is_expensive:
            found = learner.averaged, aiming.multipliers
            self.keeping = Keeping(*found, settings.aims_keep)
        if aiming is not None:
            learner.experiences.aimed, learner.experiences.payments = aiming.rows, aiming.payments

    @property
    def remark(self) -> str | None:
        """A sentence where the last policy is kept although the settings ask for the best."""
        if self._aiming is None or not self._settings.aims_keep or self.keeping is not None:
            return None
        return (
            f"tune.aims_keep = {self._settings.aims_keep} has no effect: a term is expensive, so "
            "that the last evaluation takes what the last policy has sampled"
        )

    def follow(self, fresh: Fresh, stored: Stored, step: int) -> None:
        """Move c or the multipliers; a warm start, not tuned yet, would tell nothing.

        Args:
            fresh: the collection.
            stored: its sequences, as replay has them.
            step: updates made.
        """
        found = self._learner.target_kl
        if found is not None and fresh.kl_per_token is not None:
            found.follow(fresh.kl_per_token)
        if self._aiming is None or fresh.own < FEWEST_OWN:
            return
        experiences, replay = self._learner.experiences, self._supply.replay
        own = replay.kept(stored[: fresh.own])
        assert own.counts is not None  # a run with aims stores them
        c = self._course.learning_c(step)
        energy = experiences.energy(own, c)
        done, every = self._course.done(step), self._course.part(self._settings.collect_every)
        counts = self._aiming.follow(fresh, own.counts, energy, done, every)
        if self.keeping is not None:
            self.keeping.follow(counts, step, done)
        experiences.payments = payments = self._aiming.payments
        replay.pay(c * payments.weights)

    def begin_stage(self) -> None:
        """What met the aims best under the terms of a former stage is no candidate any more."""
        if self.keeping is not None:
            self.keeping.begin()

    def end(self, warn: Warn) -> dict[str, list[int]]:
        """The run is over: the policy of the best stretch takes the place of the last one.

        Args:
            warn: is told if no stretch of the stage was complete.

        Returns:
            What the log's last entry says of it: `kept`, between which updates the stretch was.
        """
        if self.keeping is None or self._aiming is None:
            return {}
        kept = self.keeping.put_back()
        self._learner.experiences.payments = self._aiming.payments
        if not kept:
            warn(
                f"tune.aims_keep = {self._settings.aims_keep}: the run ended before so many "
                "collections of its second half and last stage; its last policy is kept"
            )
        return {"kept": kept} if kept else {}

    def rank(self, step: int) -> None:
        """Tell replay what its ranks are to count log p for, which follows c and multipliers."""
        c = self._course.learning_c(step)
        self._supply.replay.count_prior(self._learner.experiences.worth_of_prior(c))

    def is_settled(self, records: list[Record]) -> bool:
        """Whether all aims are met and at rest in the last stage, after these evaluations."""
        if self._aiming is None or not self._course.is_in_last:
            return False
        own = [
            record
            for record in self._course.own(records)
            if self._course.done(record["step"]) > ARRIVED
        ]
        return is_settled(own, most_steps(self._settings))
