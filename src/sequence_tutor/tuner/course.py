"""The course of a run through its stages: which one it is in, how far, and at what c."""

from __future__ import annotations

from collections.abc import Sequence

from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.stages import Stage
from sequence_tutor.tuner.supply import Supply


class Course:
    """Leads learner and supply from stage to stage; `step` is always that of the whole run.

    Args:
        stages: of the run, one or more.
        learner: aims at the c and the weights of the stage.
        supply: scores by the terms of the stage.

    Attributes:
        place: number of the current stage; that of all of them once the run is over.
        began: updates made before the current stage.
        done_before: share of the run that was done before the current stage.
    """

    def __init__(self, stages: Sequence[Stage], learner: Learner, supply: Supply) -> None:
        self._stages, self._learner, self._supply = stages, learner, supply
        self.place = self.began = 0
        self.done_before = 0.0
        supply.leave_out(stages[0])

    @property
    def is_over(self) -> bool:
        """Whether no stage is left."""
        return self.place >= len(self._stages)

    @property
    def is_in_last(self) -> bool:
        """Whether no other stage follows the current one."""
        return self.place + 1 >= len(self._stages)

    @property
    def stage(self) -> Stage:
        """The current stage; the last one, once the run is over."""
        return self._stages[min(self.place, len(self._stages) - 1)]

    def begin(self, place: int, at: int) -> frozenset[str]:
        """Go on to a stage at a step, or past the last one, which ends the run.

        Returns:
            Terms that the stage weighs and that stored sequences may not have yet.
        """
        self.done_before, self.place, self.began = self.done(at), place, at
        if self.is_over:
            return frozenset()
        self._learner.begin_stage(self.stage.settings, self.stage.weights)
        self._supply.reweigh(self.stage.weights)
        return self._supply.leave_out(self.stage)

    def begin_next(self, at: int) -> frozenset[str]:
        """Go on to the stage after the current one, as `begin` does."""
        return self.begin(self.place + 1, at)

    def end(self, at: int) -> None:
        """Leave out what is left of the stages."""
        self.begin(len(self._stages), at)

    def updates(self, step: int) -> int:
        """Updates made in the current stage."""
        return step - self.began

    def share(self, step: int) -> float:
        """The share of the stage's updates that is done."""
        return self.updates(step) / self.stage.settings.steps

    def done(self, step: int) -> float:
        """The share of the whole run that is done; a stage that ended early made it shorter.

        So the goals of aims arrive, and multipliers come to rest, in what is left.
        """
        return self.done_before + self.part(self.updates(step))

    def part(self, updates: int) -> float:
        """The share of the whole run that so many updates of the current stage are."""
        left = sum(stage.settings.steps for stage in self._stages[self.place :])
        return (1 - self.done_before) * updates / left if left else 0.0

    def is_complete(self, step: int) -> bool:
        """Whether all updates of the stage are done."""
        return self.updates(step) == self.stage.settings.steps

    def is_to_end(self, step: int, records: Sequence[Record]) -> bool:
        """Whether the stage is complete, or its stop rule holds after the run's evaluations."""
        return self.is_complete(step) or self.stage.is_over(self.own(records))

    def own(self, records: Sequence[Record]) -> list[Record]:
        """Those of the run's evaluations that were made in the current stage."""
        return [record for record in records if record["step"] > self.began]

    def learning_c(self, step: int) -> float:
        """The temperature of an update."""
        return self._learner.temperature(self.updates(step))

    def c(self, step: int) -> float:
        """The temperature that the run has come to: the stage's own, or the one that it found."""
        settings = self.stage.settings
        if settings.aims_alone:
            return 1.0  # multipliers are in nats, and nothing else is paid
        return self.learning_c(step) if settings.target_kl else settings.c
