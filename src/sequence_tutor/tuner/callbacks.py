"""Functions of a user's own at the moments of a run; see `docs/extend/callback.md`.

A callback sees what the run computes and changes none of it. It is made anew for every process: a
run that goes on tells it of new moments only. What has to survive an interruption is read off the
moments, such as all evaluations so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sequence_tutor.errors import UserError, printable
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.storage.run_log import Record

if TYPE_CHECKING:
    from sequence_tutor.tuner.learner import Update
    from sequence_tutor.tuner.stages import Stage


@dataclass(frozen=True)
class Moment:
    """What all moments have in common.

    Attributes:
        folder: of the run.
        step: updates made before.
    """

    folder: Path
    step: int


@dataclass(frozen=True)
class Collected(Moment):
    """New sequences were scored and stored.

    Attributes:
        stored: B sequences, what each term pays them (B, T, R), and log p of their tokens (B, T);
            for an algorithm that mixes the prior in (G) log p is 0 here.
        own: of the sequences, so many are the policy's own; they come first.
    """

    stored: Stored
    own: int


@dataclass(frozen=True)
class Learned(Moment):
    """An update was made, the last of `step`.

    Attributes:
        loss: mean penalty of the errors.
        gradient_norm: before it was scaled down.
        tokens: how many were learned from.
    """

    loss: float
    gradient_norm: float
    tokens: int


@dataclass(frozen=True)
class Evaluated(Moment):
    """The policy was evaluated and the log has a new line.

    Attributes:
        records: all lines of the log so far, the new one last.
        policy: pi; it satisfies `Prior`.
    """

    records: Sequence[Record]
    policy: Prior


@dataclass(frozen=True)
class StageBegan(Moment):
    """A stage begins, or is gone on with after an interruption; a run without stages has one.

    Attributes:
        number: of the stage, from 0.
        name: as the settings name it; None: they do not.
        c: the temperature that it goes to.
    """

    number: int
    name: str | None
    c: float


@dataclass(frozen=True)
class Ended(Moment):
    """The run is over.

    Attributes:
        records: all lines of its log.
        policy: pi, the tuned model.
        c: the temperature that the run ended with.
    """

    records: Sequence[Record]
    policy: Prior
    c: float


class Callback:
    """Override the moments that you want to see; tensors are the run's own and only to be read."""

    def collected(self, moment: Collected) -> None:
        """New sequences were scored and stored."""

    def learned(self, moment: Learned) -> None:
        """An update was made."""

    def evaluated(self, moment: Evaluated) -> bool | None:
        """The policy was evaluated. True ends the run; its policy is saved as it is."""

    def stage(self, moment: StageBegan) -> None:
        """A stage begins, or is gone on with."""

    def end(self, moment: Ended) -> None:
        """The run is over."""


class Callbacks:
    """The callbacks of one run, told of each moment in their order.

    Args:
        callbacks: of the run.
        folder: of the run.

    Raises:
        UserError: from every method: a callback failed, which ends the run; the last checkpoint
            stays, and the same command continues it.
    """

    def __init__(self, callbacks: Sequence[Callback], folder: Path) -> None:
        self._callbacks, self._folder = tuple(callbacks), folder

    def collected(self, step: int, stored: Stored, own: int) -> None:
        """See `Collected`."""
        self._tell("collected", Collected(self._folder, step, stored, own))

    def learned(self, step: int, update: Update) -> None:
        """See `Learned`."""
        done = update.loss, update.gradient_norm, update.tokens
        self._tell("learned", Learned(self._folder, step, *done))

    def evaluated(self, step: int, records: Sequence[Record], policy: Prior) -> bool:
        """See `Evaluated`; whether one of them ends the run."""
        return self._tell("evaluated", Evaluated(self._folder, step, records, policy))

    def stage(self, step: int, number: int, stage: Stage) -> None:
        """See `StageBegan`."""
        began = StageBegan(self._folder, step, number, stage.name, stage.settings.c)
        self._tell("stage", began)

    def end(self, step: int, records: Sequence[Record], policy: Prior, c: float) -> None:
        """See `Ended`."""
        self._tell("end", Ended(self._folder, step, records, policy, c))

    def _tell(self, name: str, moment: Moment) -> bool:
        answers = [_told(callback, name, moment) for callback in self._callbacks]  # all are told
        return any(answers)


def _told(callback: Callback, name: str, moment: Moment) -> bool:
    """What a callback answers: whether it ends the run."""
    what = f"callback {type(callback).__name__}"
    try:
        answer = getattr(callback, name)(moment)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{what} failed in {name} at step {moment.step}: {type(error).__name__}: "
            f"{printable(str(error))}"
        ) from error
    if not (answer is None or (isinstance(answer, bool) and name == "evaluated")):
        expected = "None, or True to end the run" if name == "evaluated" else "None"
        raise UserError(
            f"{what} gave a {type(answer).__name__} in {name} at step {moment.step}, expected "
            f"{expected}"
        )
    return bool(answer)
